// When to try again: full jitter below a doubling limit, so that many clients of a restarted server do not come at once.

const BASE_MS = 500;
const CAP_MS = 30_000;
/** A connection that held this long counts as good: the next loss starts from the beginning. */
export const STABLE_MS = 10_000;
/** Below this a retry would look like a flicker and load the server for nothing. */
const FLOOR_MS = 200;

export class Backoff {
  readonly #random: () => number;
  #attempts = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Milliseconds to wait before the next attempt; `atLeast` is what the server asked for. */
  next(atLeast = 0): number {
    const limit = Math.min(CAP_MS, BASE_MS * 2 ** this.#attempts);
    this.#attempts += 1;
    return Math.max(FLOOR_MS, Math.round(atLeast + this.#random() * limit));
  }

  reset(): void {
    this.#attempts = 0;
  }
}
