// Short messages that go away by themselves; one that offers an action stays longer.

import type { Timers } from "../api/ports";

const STAY_MS = 5000;
const STAY_WITH_ACTION_MS = 12_000;
const MOST = 3;

export interface Message {
  text: string;
  tone: "good" | "warn" | "bad";
  action?: { label: string; run: () => void };
}

export interface Toast extends Message {
  id: number;
}

export class Toasts {
  shown = $state.raw<readonly Toast[]>([]);
  readonly #timers: Timers;
  readonly #leaving = new Map<number, number>();
  #lastId = 0;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  show(message: Message): void {
    this.#lastId += 1;
    const toast = { ...message, id: this.#lastId };
    const others = this.shown.filter((other) => other.text !== message.text);
    this.shown = [...others, toast].slice(-MOST);
    this.#leaveLater(toast);
  }

  dismiss(id: number): void {
    this.hold(id);
    this.shown = this.shown.filter((toast) => toast.id !== id);
  }

  act(toast: Toast): void {
    this.dismiss(toast.id);
    toast.action?.run();
  }

  /** Keeps a message for as long as it is pointed at or has the focus. */
  hold(id: number): void {
    const timer = this.#leaving.get(id);
    if (timer !== undefined) this.#timers.clear(timer);
    this.#leaving.delete(id);
  }

  release(id: number): void {
    const toast = this.shown.find((toast) => toast.id === id);
    if (toast) this.#leaveLater(toast);
  }

  #leaveLater(toast: Toast): void {
    this.hold(toast.id);
    const stay = toast.action ? STAY_WITH_ACTION_MS : STAY_MS;
    this.#leaving.set(toast.id, this.#timers.set(() => this.dismiss(toast.id), stay));
  }
}
