// How old a price is and whether it can still be trusted. Three different things: when the exchange dated it (its age), when
// the source last confirmed it (freshness), and what the market is doing.

import type { Formats } from "./format";
import type { MarketState, Quote, SourceHealth, Timestamp } from "./types";

/** What stands between the source and the screen. Times are the server's. */
export interface Link {
  source: SourceHealth | undefined;
  /** Whether the socket is open. */
  live: boolean;
  /** When the socket was last open; 0 when it never was. */
  lastLiveAt: Timestamp;
}

export interface Freshness {
  stale: boolean;
  confirmedAt: Timestamp;
}

/** Short intervals must not make a card fade while a socket reconnects. */
const SHORTEST_PATIENCE_MS = 15_000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

function answers(source: SourceHealth): boolean {
  return source.state === "ok" || source.state === "degraded";
}

/** While the source answers and the socket is open everything followed is confirmed; otherwise the price ages from the last confirmation. */
export function freshnessOf(quote: Quote, link: Link, now: Timestamp): Freshness {
  const { source, live, lastLiveAt } = link;
  if (!source) return { stale: false, confirmedAt: quote.polled_at };
  if (live && answers(source)) return { stale: false, confirmedAt: now };
  const lastHeard = answers(source) ? lastLiveAt : (source.last_ok_at ?? 0);
  const confirmedAt = Math.max(quote.polled_at, lastHeard);
  const patience = Math.max(SHORTEST_PATIENCE_MS, 2000 * source.interval);
  return { stale: now - confirmedAt > patience, confirmedAt };
}

/** "12 s ago". A clock that is a little ahead must not give a price from the future. */
export function ago(age: number): string {
  const passed = Math.max(0, age);
  if (passed < 1000) return "just now";
  if (passed < MINUTE) return `${Math.floor(passed / 1000)} s ago`;
  if (passed < HOUR) return `${Math.floor(passed / MINUTE)} min ago`;
  if (passed < DAY) return `${Math.floor(passed / HOUR)} h ago`;
  const days = Math.floor(passed / DAY);
  return days === 1 ? "1 day ago" : `${days} days ago`;
}

/** What the market does, when that is something to say. */
export function marketWord(state: MarketState): string | undefined {
  switch (state) {
    case "pre_pre":
    case "post_post":
    case "closed":
      return "closed";
    case "pre":
      return "pre-market";
    case "post":
      return "post-market";
    default:
      return undefined;
  }
}

/** When the price is from: an age while the market trades, a time or a day when it does not. */
export function priceAge(quote: Quote, now: Timestamp, formats: Formats): string {
  if (quote.as_of <= 0) return "time not known";
  const age = now - quote.as_of;
  if (age >= DAY) return `price of ${formats.day(quote.as_of, now, quote.time_zone)}`;
  return marketWord(quote.market_state) ? `price of ${formats.time(quote.as_of)}` : ago(age);
}

/** The line under a price: what the market does, when the price is from, how late the exchange gives it. */
export function ageNotes(quote: Quote, now: Timestamp, formats: Formats): string[] {
  const market = marketWord(quote.market_state);
  const delay = quote.delay_minutes ? `delayed ${formats.integer(quote.delay_minutes)} min` : undefined;
  return [market, priceAge(quote, now, formats), delay].filter((note) => note !== undefined);
}
