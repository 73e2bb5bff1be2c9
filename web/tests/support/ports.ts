// A browser's time, network and sockets, moved by the test.

import type { Ports, Socket } from "../../src/api/ports";

export class FakeSocket implements Socket {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  readonly path: string;
  readonly sent: unknown[] = [];
  closed = false;

  constructor(path: string) {
    this.path = path;
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(): void {
    this.closed = true;
  }

  receive(frame: object): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }

  /** Opens as the server accepts it, and answers `hello`. */
  accept(hello: object = {}): void {
    this.onopen?.();
    this.receive({ type: "hello", tick: 1, polled_at: 1000, server_time: 1000, ...hello });
  }

  lose(): void {
    this.onclose?.({ code: 1006 });
  }
}

interface Timer {
  at: number;
  callback: () => void;
}

export interface Request {
  method: string;
  path: string;
  body: unknown;
  headers: Record<string, string>;
  init: RequestInit;
}

type Answer = { status?: number; json?: unknown; text?: string; headers?: Record<string, string> } | Error;

export class FakePorts implements Ports {
  time = 1_000_000;
  isOnline = true;
  /** What `random` answers. */
  chance = 0.5;
  readonly sockets: FakeSocket[] = [];
  readonly requests: Request[] = [];
  answer: (request: Request) => Answer | Promise<Answer> = () => ({ status: 404, json: {} });
  readonly stored = new Map<string, string>();
  readonly storage = {
    get: (key: string): string | undefined => this.stored.get(key),
    set: (key: string, value: string): void => void this.stored.set(key, value),
    remove: (key: string): void => void this.stored.delete(key),
  };
  readonly #timers = new Map<number, Timer>();
  #lastTimer = 0;

  readonly timers = {
    set: (callback: () => void, milliseconds: number): number => {
      this.#lastTimer += 1;
      this.#timers.set(this.#lastTimer, { at: this.time + milliseconds, callback });
      return this.#lastTimer;
    },
    clear: (timer: number): void => {
      this.#timers.delete(timer);
    },
  };

  get pendingTimers(): number {
    return this.#timers.size;
  }

  get socket(): FakeSocket {
    const socket = this.sockets.at(-1);
    if (!socket) throw new Error("no socket was opened");
    return socket;
  }

  now(): number {
    return this.time;
  }

  random(): number {
    return this.chance;
  }

  online(): boolean {
    return this.isOnline;
  }

  openSocket(path: string): Socket {
    const socket = new FakeSocket(path);
    this.sockets.push(socket);
    return socket;
  }

  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const request = {
      method: init.method ?? "GET",
      path,
      body: typeof init.body === "string" && headersOf(init)["content-type"] === "application/json" ? JSON.parse(init.body) : undefined,
      headers: headersOf(init),
      init,
    };
    this.requests.push(request);
    const answer = await this.answer(request);
    if (answer instanceof Error) throw answer;
    const body = answer.text ?? (answer.json === undefined ? null : JSON.stringify(answer.json));
    return new Response(body, { status: answer.status ?? 200, headers: answer.headers ?? {} });
  }

  /** Lets time pass; timers that come due fire in their order, and what they start gets to run. */
  async pass(milliseconds: number): Promise<void> {
    const end = this.time + milliseconds;
    for (;;) {
      const due = [...this.#timers.entries()].filter(([, timer]) => timer.at <= end).sort(([, a], [, b]) => a.at - b.at)[0];
      if (!due) break;
      this.#timers.delete(due[0]);
      this.time = Math.max(this.time, due[1].at);
      due[1].callback();
      await settled();
    }
    this.time = end;
    await settled();
  }
}

function headersOf(init: RequestInit): Record<string, string> {
  return (init.headers ?? {}) as Record<string, string>;
}

/** Lets every promise that can go on do so. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
  await new Promise((resolve) => setImmediate(resolve));
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
}
