// Keeps one WebSocket open: connects, says hello, keeps it alive, notices when it is dead and comes back with jitter.

import { Backoff, STABLE_MS } from "../model/backoff";
import { decodeFrame } from "../model/decode";
import type { Frame } from "../model/types";
import type { ConnectionState } from "../model/words";
import type { Ports, Socket } from "./ports";

const MINUTE = 60_000;
const PING_EVERY_MS = 4 * MINUTE;
const RESYNC_EVERY_MS = 5 * MINUTE;
/** How long the server may take to answer `hello` or `ping` before the socket counts as dead. */
const ANSWER_WITHIN_MS = 15_000;

export interface LiveHandlers {
  /** Does what has to be done before a socket and answers its path with a fresh ticket. */
  prepare(): Promise<string>;
  onState(state: ConnectionState): void;
  onFrame(frame: Frame): void;
  /** The last tick seen whole. */
  lastTick(): number | undefined;
}

type Timer = "retry" | "ping" | "resync" | "answer" | "stable";

export class LiveConnection {
  readonly #ports: Ports;
  readonly #handlers: LiveHandlers;
  readonly #backoff: Backoff;
  readonly #timers = new Map<Timer, number>();
  #socket: Socket | undefined;
  /** Counts attempts, so that an answer to an abandoned one is recognised. */
  #attempt = 0;
  #stopped = true;
  #paused = false;
  #offline = false;
  #reconnectIn = 0;
  /** Where the next resync starts: the last one, so that it also brings what was lost since. */
  #resyncFrom: number | undefined;

  constructor(ports: Ports, handlers: LiveHandlers) {
    this.#ports = ports;
    this.#handlers = handlers;
    this.#backoff = new Backoff(() => ports.random());
  }

  start(): void {
    this.#stopped = false;
    this.#connect();
  }

  stop(): void {
    this.#stopped = true;
    this.#abandon();
  }

  /** Drops the socket and connects again at once, as another user for instance. */
  restart(): void {
    this.#abandon();
    if (!this.#stopped) this.#connect();
  }

  /** A hidden page needs no prices. */
  setPaused(paused: boolean): void {
    if (paused === this.#paused) return;
    this.#paused = paused;
    if (!this.#socket || !this.#timers.has("ping")) return;
    this.#send(paused ? { action: "pause" } : { action: "resume", ...since(this.#handlers.lastTick()) });
  }

  /** The browser lost or found its network. */
  networkChanged(): void {
    if (this.#stopped) return;
    if (!this.#ports.online()) {
      this.#abandon();
      this.#goOffline();
    } else if (this.#offline) {
      this.#backoff.reset();
      this.#connect();
    }
  }

  /** Connects at once instead of waiting for the timer. */
  retryNow(): void {
    if (this.#timers.has("retry")) this.#connect();
  }

  /** Sends a frame when the server has answered `hello`; without a connection it is lost. */
  send(frame: object): void {
    if (this.#timers.has("ping")) this.#send(frame);
  }

  #connect(): void {
    this.#abandon();
    if (!this.#ports.online()) {
      this.#goOffline();
      return;
    }
    this.#offline = false;
    const attempt = this.#attempt;
    this.#handlers.onState({ phase: "connecting" });
    this.#handlers.prepare().then(
      (path) => {
        if (attempt === this.#attempt) this.#open(path);
      },
      () => {
        if (attempt === this.#attempt) this.#retryLater();
      },
    );
  }

  #open(path: string): void {
    const attempt = this.#attempt;
    const socket = this.#ports.openSocket(path);
    this.#socket = socket;
    this.#expectAnswer();
    socket.onopen = () => {
      this.#resyncFrom = this.#handlers.lastTick();
      this.#send({ action: "hello", ...since(this.#resyncFrom) });
    };
    socket.onmessage = (event) => {
      if (attempt !== this.#attempt) return;
      const frame = decodeFrame(event.data);
      if (frame) this.#receive(frame);
    };
    socket.onclose = () => {
      if (attempt === this.#attempt) this.#retryLater();
    };
  }

  #receive(frame: Frame): void {
    if (frame.type === "hello") this.#answered();
    if (frame.type === "pong") this.#clear("answer");
    if (frame.type === "bye") this.#reconnectIn = frame.reconnect_in ?? 0;
    this.#handlers.onFrame(frame);
  }

  #answered(): void {
    this.#clear("answer");
    if (this.#timers.has("ping")) return; // the answer to a resync
    this.#repeat("ping", PING_EVERY_MS, () => {
      this.#send({ action: "ping" });
      this.#expectAnswer();
    });
    this.#repeat("resync", RESYNC_EVERY_MS, () => {
      if (this.#paused) return;
      const from = this.#resyncFrom;
      this.#resyncFrom = this.#handlers.lastTick();
      this.#send({ action: "hello", ...since(from) });
    });
    this.#set("stable", STABLE_MS, () => this.#backoff.reset());
    if (this.#paused) this.#send({ action: "pause" });
    this.#handlers.onState({ phase: "live" });
  }

  #expectAnswer(): void {
    this.#set("answer", ANSWER_WITHIN_MS, () => {
      this.#retryLater();
    });
  }

  #retryLater(): void {
    this.#abandon();
    if (this.#stopped) return;
    if (!this.#ports.online()) {
      this.#goOffline();
      return;
    }
    const delay = this.#backoff.next(this.#reconnectIn);
    this.#reconnectIn = 0;
    this.#handlers.onState({ phase: "waiting", retryAt: this.#ports.now() + delay });
    this.#set("retry", delay, () => this.#connect());
  }

  #goOffline(): void {
    this.#offline = true;
    this.#handlers.onState({ phase: "offline" });
  }

  #abandon(): void {
    this.#attempt += 1;
    for (const timer of this.#timers.values()) this.#ports.timers.clear(timer);
    this.#timers.clear();
    const socket = this.#socket;
    this.#socket = undefined;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  #send(frame: object): void {
    this.#socket?.send(JSON.stringify(frame));
  }

  #set(name: Timer, milliseconds: number, callback: () => void): void {
    this.#clear(name);
    const timer = this.#ports.timers.set(() => {
      this.#timers.delete(name);
      callback();
    }, milliseconds);
    this.#timers.set(name, timer);
  }

  #repeat(name: Timer, milliseconds: number, callback: () => void): void {
    this.#set(name, milliseconds, () => {
      this.#repeat(name, milliseconds, callback);
      callback();
    });
  }

  #clear(name: Timer): void {
    const timer = this.#timers.get(name);
    if (timer === undefined) return;
    this.#ports.timers.clear(timer);
    this.#timers.delete(name);
  }
}

function since(tick: number | undefined): { since?: number } {
  return tick === undefined ? {} : { since: tick };
}
