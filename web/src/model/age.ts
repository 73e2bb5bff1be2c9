// How old a price is and whether it can still be trusted. Three different things: when the exchange dated it (its age), when
// the source last confirmed it (freshness), and what the market is doing.

import type { Translate } from "../messages/translate";
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
/** Two of the usual intervals, while the server has not told its own. */
const UNHEARD_PATIENCE_MS = 120_000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

function answers(source: SourceHealth): boolean {
  return source.state === "ok" || source.state === "degraded";
}

/** While the source answers and the socket is open everything followed is confirmed; otherwise the price ages from the last confirmation. */
export function freshnessOf(quote: Quote, link: Link, now: Timestamp): Freshness {
  const { source, live, lastLiveAt } = link;
  // Nothing was heard yet: what an earlier visit left behind says how old it is.
  if (!source) return { stale: now - quote.polled_at > UNHEARD_PATIENCE_MS, confirmedAt: quote.polled_at };
  if (live && answers(source)) return { stale: false, confirmedAt: now };
  const lastHeard = answers(source) ? lastLiveAt : (source.last_ok_at ?? 0);
  const confirmedAt = Math.max(quote.polled_at, lastHeard);
  const patience = Math.max(SHORTEST_PATIENCE_MS, 2000 * source.interval);
  return { stale: now - confirmedAt > patience, confirmedAt };
}

/** "12 s ago". A clock that is a little ahead must not give a price from the future. */
export function ago(age: number, t: Translate): string {
  const passed = Math.max(0, age);
  if (passed < 1000) return t("age.now");
  if (passed < MINUTE) return t("age.seconds", { count: Math.floor(passed / 1000) });
  if (passed < HOUR) return t("age.minutes", { count: Math.floor(passed / MINUTE) });
  if (passed < DAY) return t("age.hours", { count: Math.floor(passed / HOUR) });
  return t.count("age.days", Math.floor(passed / DAY));
}

/** What the market does, when that is something to say. */
export function marketWord(state: MarketState, t: Translate): string | undefined {
  switch (state) {
    case "pre_pre":
    case "post_post":
    case "closed":
      return t("market.closed");
    case "pre":
      return t("market.pre");
    case "post":
      return t("market.post");
    default:
      return undefined;
  }
}

/** When the price is from: an age while the market trades, a time or a day when it does not. */
export function priceAge(quote: Quote, now: Timestamp, formats: Formats): string {
  const { t } = formats;
  if (quote.as_of <= 0) return t("age.unknown");
  const age = now - quote.as_of;
  if (age >= DAY) return t("age.price_of", { time: formats.day(quote.as_of, now, quote.time_zone) });
  return marketWord(quote.market_state, t) ? t("age.price_of", { time: formats.time(quote.as_of) }) : ago(age, t);
}

/** The line under a price: what the market does, when the price is from, how late the exchange gives it. */
export function ageNotes(quote: Quote, now: Timestamp, formats: Formats): string[] {
  const market = marketWord(quote.market_state, formats.t);
  const delay = quote.delay_minutes ? formats.t("age.delayed", { minutes: formats.integer(quote.delay_minutes) }) : undefined;
  return [market, priceAge(quote, now, formats), delay].filter((note) => note !== undefined);
}

/** The line under a price, and when the source last confirmed it once that is too long ago. */
export interface AgeWords {
  notes: string;
  staleness: string | undefined;
}

export function ageWords(quote: Quote, { stale, confirmedAt }: Freshness, now: Timestamp, formats: Formats): AgeWords {
  return {
    notes: ageNotes(quote, now, formats).join(" \u00b7 "),
    staleness: stale ? formats.t("age.confirmed", { ago: ago(now - confirmedAt, formats.t) }) : undefined,
  };
}
