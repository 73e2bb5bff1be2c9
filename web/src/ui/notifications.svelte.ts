// What the notification settings draw.

import { failureWords } from "../api/failure";
import { EnableError, type PushDevices } from "../api/push";
import type { Translate } from "../messages/translate";
import type { Device } from "../model/devices";
import type { Obstacle } from "../model/pushTrouble";

export class NotificationSettings {
  obstacle = $state.raw<Obstacle>();
  /** Absent until they have been read. */
  devices = $state.raw<readonly Device[]>();
  /** The id of this device's subscription. */
  current = $state.raw<string>();
  busy = $state.raw(false);
  failure = $state.raw<string>();
  /** What was done, for people and screen readers. */
  done = $state.raw("");
  readonly #push: PushDevices;
  readonly #words: () => Translate;

  readonly here: Device | undefined = $derived(this.devices?.find((device) => device.id === this.current));

  constructor(push: PushDevices, words: () => Translate) {
    this.#push = push;
    this.#words = words;
    this.obstacle = push.obstacle();
  }

  load(): Promise<void> {
    return this.#doing(() => this.#read());
  }

  enable(): Promise<void> {
    return this.#doing(async () => {
      const device = await this.#push.enable();
      await this.#read();
      this.done = device.state === "active" ? this.#words()("push.is_on") : "";
    });
  }

  test(device: Device): Promise<void> {
    return this.#doing(async () => {
      await this.#push.test(device.id);
      this.done = this.#words()("push.tested", { name: device.name });
    });
  }

  remove(device: Device): Promise<void> {
    return this.#doing(async () => {
      await this.#push.remove(device.id);
      await this.#read();
      this.done = this.#words()("push.removed", { name: device.name });
    });
  }

  /** The worker says that something happened to a device. */
  async changed(): Promise<void> {
    if (!this.busy) await this.load();
  }

  async #read(): Promise<void> {
    this.obstacle = this.#push.obstacle();
    [this.devices, this.current] = await Promise.all([this.#push.list(), this.#push.current()]);
  }

  async #doing(work: () => Promise<void>): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.failure = undefined;
    this.done = "";
    try {
      await work();
    } catch (error) {
      const t = this.#words();
      this.failure = error instanceof EnableError ? t(`push.failure.${error.why}`) : failureWords(error, t);
      this.obstacle = this.#push.obstacle();
    } finally {
      this.busy = false;
    }
  }
}
