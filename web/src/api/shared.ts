// Reads again and again what a link to a list shows. Whoever follows a link has no account, so no socket either: the browser asks
// with the tag of what it has, and while the server says that it is fresh it does not even ask.

import { Backoff } from "../model/backoff";
import type { SharedList } from "../model/share";
import type { Timestamp } from "../model/types";
import type { Ports } from "./ports";
import { RequestError, RestClient } from "./rest";

/** Seconds; between them the browser's own copy answers, for as long as the server calls it fresh. */
const SHORTEST = 2;
const LONGEST = 15;

export interface SharedEvents {
  /** `serverNow` is the server's time when it answered, if it told one. */
  onList(list: SharedList, serverNow: Timestamp | undefined): void;
  /** It is tried again, unless the link leads nowhere. */
  onFailure(error: unknown): void;
}

export class SharedLive {
  readonly #ports: Ports;
  readonly #rest: RestClient;
  readonly #token: string;
  readonly #events: SharedEvents;
  readonly #backoff: Backoff;
  #timer: number | undefined;
  #isHidden = false;
  #isAsking = false;

  constructor(ports: Ports, token: string, events: SharedEvents) {
    this.#ports = ports;
    this.#rest = new RestClient(ports);
    this.#token = token;
    this.#events = events;
    this.#backoff = new Backoff(() => ports.random());
  }

  /** Asks now, and then again from time to time. */
  ask(): void {
    if (this.#timer !== undefined) this.#ports.timers.clear(this.#timer);
    this.#timer = undefined;
    if (!this.#isAsking) void this.#askOnce();
  }

  /** Nobody looks at the page: nothing is asked for until somebody does. */
  setHidden(hidden: boolean): void {
    const comesBack = this.#isHidden && !hidden;
    this.#isHidden = hidden;
    if (comesBack) this.ask();
  }

  async #askOnce(): Promise<void> {
    this.#isAsking = true;
    let wait: number | undefined;
    try {
      const { list, serverNow } = await this.#rest.sharedList(this.#token);
      this.#backoff.reset();
      wait = 1000 * Math.min(LONGEST, Math.max(SHORTEST, (list.prices.source?.interval ?? 0) / 4));
      this.#events.onList(list, serverNow);
    } catch (error) {
      if (!leadsNowhere(error)) wait = this.#backoff.next(1000 * SHORTEST);
      this.#events.onFailure(error);
    }
    this.#isAsking = false;
    if (wait === undefined || this.#isHidden) return;
    this.#timer = this.#ports.timers.set(() => this.ask(), wait);
  }
}

/** Whether the link has ended, or never was one, or leads nowhere here. */
export function leadsNowhere(error: unknown): boolean {
  return error instanceof RequestError && (error.status === 404 || error.code === "sharing_off");
}
