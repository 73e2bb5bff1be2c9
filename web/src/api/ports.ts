// What the client needs of the browser, passed in so that tests can do without one.

export interface Timers {
  set(callback: () => void, milliseconds: number): number;
  clear(timer: number): void;
}

/** The part of a browser's WebSocket that is used. */
export interface Socket {
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number }) => void) | null;
  send(text: string): void;
  close(): void;
}

/** What outlives the page. It may be full, forbidden or emptied at any time: nothing depends on it. */
export interface Storage {
  get(key: string): string | undefined;
  set(key: string, value: string): void;
  remove(key: string): void;
}

export interface Ports {
  storage: Storage;
  fetch(path: string, init?: RequestInit): Promise<Response>;
  openSocket(pathAndQuery: string): Socket;
  timers: Timers;
  now(): number;
  random(): number;
  /** Whether the browser believes to have a network. */
  online(): boolean;
}

/** Browsers throw where storage is forbidden or full. */
function tried<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}

export const browserStorage: Storage = {
  get: (key) => tried(() => localStorage.getItem(key)) ?? undefined,
  set: (key, value) => tried(() => localStorage.setItem(key, value)),
  remove: (key) => tried(() => localStorage.removeItem(key)),
};

export function browserPorts(): Ports {
  return {
    storage: browserStorage,
    fetch: (path, init) => window.fetch(path, init),
    openSocket: (pathAndQuery) => {
      const scheme = location.protocol === "https:" ? "wss:" : "ws:";
      return new WebSocket(`${scheme}//${location.host}${pathAndQuery}`) as Socket;
    },
    timers: {
      set: (callback, milliseconds) => window.setTimeout(callback, milliseconds),
      clear: (timer) => window.clearTimeout(timer),
    },
    now: () => Date.now(),
    random: () => Math.random(),
    online: () => navigator.onLine,
  };
}
