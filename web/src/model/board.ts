// Folds frames into what is known: quotes, symbols without one, the source's state. Knows nothing of the screen.

import type { Frame, MissingReason, Prices, Quote, SourceHealth, Timestamp } from "./types";

interface Absence {
  reason: MissingReason;
  tick: number;
}

/** What a frame changed, so that a view draws only that. */
export interface Changes {
  symbols: string[];
  source: boolean;
}

const UNCHANGED: Changes = { symbols: [], source: false };

/** The newest moment anything in a quote is from. */
export function newestMoment(quote: Quote): Timestamp {
  return Math.max(quote.as_of, quote.extended?.as_of ?? 0);
}

/** Frames may overtake each other: the newest moment wins, and among equals the highest tick. */
export function supersedes(candidate: Quote, current: Quote | undefined): boolean {
  if (!current) return true;
  const difference = newestMoment(candidate) - newestMoment(current);
  return difference !== 0 ? difference > 0 : candidate.tick > current.tick;
}

export class Board {
  readonly #quotes = new Map<string, Quote>();
  readonly #missing = new Map<string, Absence>();
  /** Ticks of which some parts have not come yet: tick → the parts that have. */
  readonly #incomplete = new Map<number, Set<number>>();
  #source: SourceHealth | undefined;
  #sourceTick = -1;
  #seenTick: number | undefined;
  #polledAt = 0;
  #clockOffset = 0;

  quote(symbol: string): Quote | undefined {
    return this.#quotes.get(symbol);
  }

  /** Why a symbol has no current quote. `pending` is said only of symbols that never had one. */
  missing(symbol: string): MissingReason | undefined {
    const reason = this.#missing.get(symbol)?.reason;
    return reason === "pending" && this.#quotes.has(symbol) ? undefined : reason;
  }

  get source(): SourceHealth | undefined {
    return this.#source;
  }

  get polledAt(): Timestamp {
    return this.#polledAt;
  }

  /** The last tick seen whole: what `hello` and `resume` name as `since`. */
  get lastTick(): number | undefined {
    if (this.#seenTick === undefined) return undefined;
    return Math.min(this.#seenTick, ...[...this.#incomplete.keys()].map((tick) => tick - 1));
  }

  /** Server time minus local time, in milliseconds. */
  get clockOffset(): number {
    return this.#clockOffset;
  }

  /** Parts that were lost with the socket never come: the next snapshot brings their quotes. */
  connectionLost(): void {
    const whole = this.lastTick;
    this.#incomplete.clear();
    this.#seenTick = whole;
  }

  apply(frame: Frame, now: Timestamp): Changes {
    switch (frame.type) {
      case "hello":
      case "pong": {
        if (frame.type === "hello") this.#begin(frame.tick);
        if (frame.server_time > 0) this.#clockOffset = frame.server_time - now;
        const source = this.#applySource(frame.source, frame.tick, frame.polled_at);
        return { symbols: [], source };
      }
      case "snapshot":
      case "quotes":
        this.#notePart(frame.tick, frame.part, frame.parts);
        return this.applyPrices(frame);
      case "status":
        return { symbols: [], source: this.#applySource(frame.source, frame.tick, frame.polled_at) };
      default:
        return UNCHANGED;
    }
  }

  applyPrices(prices: Prices): Changes {
    const symbols: string[] = [];
    for (const quote of prices.quotes) {
      const absence = this.#missing.get(quote.symbol);
      const recovered = absence !== undefined && prices.tick >= absence.tick && this.#missing.delete(quote.symbol);
      const newer = supersedes(quote, this.#quotes.get(quote.symbol));
      if (newer) this.#quotes.set(quote.symbol, quote);
      if (newer || recovered) symbols.push(quote.symbol);
    }
    for (const { symbol, reason } of prices.missing) {
      const before = this.#missing.get(symbol);
      const outdated = (this.#quotes.get(symbol)?.tick ?? -1) > prices.tick || (before?.tick ?? -1) > prices.tick;
      // That it is asked for again does not unsay why it had no quote; only a quote does.
      if (outdated || (reason === "pending" && before)) continue;
      this.#missing.set(symbol, { reason, tick: prices.tick });
      if (before?.reason !== reason) symbols.push(symbol);
    }
    return { symbols, source: this.#applySource(prices.source, prices.tick, prices.polled_at) };
  }

  /** A server that lost its store counts from the start again; what it says must not be taken for old. */
  #begin(tick: number): void {
    if (tick < this.#sourceTick) this.#sourceTick = tick;
    if (this.#seenTick === undefined || tick >= this.#seenTick) return;
    this.#seenTick = undefined;
    for (const [symbol, quote] of this.#quotes) this.#quotes.set(symbol, { ...quote, tick: -1 });
    for (const [symbol, absence] of this.#missing) this.#missing.set(symbol, { ...absence, tick: -1 });
  }

  #applySource(source: SourceHealth | undefined, tick: number, polledAt: Timestamp): boolean {
    this.#polledAt = Math.max(this.#polledAt, polledAt);
    if (!source || tick < this.#sourceTick) return false;
    const changed = JSON.stringify(source) !== JSON.stringify(this.#source);
    this.#source = source;
    this.#sourceTick = tick;
    return changed;
  }

  #notePart(tick: number, part = 1, parts = 1): void {
    this.#seenTick = Math.max(this.#seenTick ?? 0, tick);
    if (parts <= 1) return;
    const seen = this.#incomplete.get(tick) ?? new Set<number>();
    seen.add(part);
    if (seen.size >= parts) this.#incomplete.delete(tick);
    else this.#incomplete.set(tick, seen);
  }
}
