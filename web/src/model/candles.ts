// Bars as a chart draws them: floats, on a time axis that shows the exchange's own clock, the last one moved by the live quote.

import type { Bar, History, Interval } from "./history";
import type { Quote, Timestamp } from "./types";

/** A bar ready to draw. Floats: a screen has fewer pixels than they have digits. */
export interface Candle {
  /** Seconds on the exchange's clock, as if that were UTC: the chart library knows no time zones. */
  time: number;
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number | undefined;
  /** The bar it is of; a live one that the server has not told yet has none. */
  bar: Bar | undefined;
}

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const LENGTHS: Readonly<Record<Interval, number>> = {
  "1m": MINUTE,
  "5m": 5 * MINUTE,
  "15m": 15 * MINUTE,
  "1h": 60 * MINUTE,
  "1d": DAY,
  "1wk": 7 * DAY,
  "1mo": 31 * DAY,
};

/** Whether bars of this interval have a time of day. */
export function isIntraday(interval: Interval): boolean {
  return LENGTHS[interval] < DAY;
}

/** Turns moments into what a clock of `timeZone` shows then, as if that were UTC. */
export class ExchangeClock {
  readonly #parts: Intl.DateTimeFormat | undefined;

  /** A zone this browser does not know is taken for UTC. */
  constructor(timeZone: string | undefined) {
    const numeric = { year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric" } as const;
    try {
      this.#parts = timeZone === undefined ? undefined : new Intl.DateTimeFormat("en-US", { ...numeric, hourCycle: "h23", timeZone });
    } catch {
      this.#parts = undefined;
    }
  }

  shown(at: Timestamp): Timestamp {
    if (!this.#parts) return at;
    const values: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {};
    for (const { type, value } of this.#parts.formatToParts(at)) values[type] = Number(value);
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = values;
    return Date.UTC(year, month - 1, day, hour, minute, second);
  }

  /** Where a bar that began at `at` stands on the axis, in seconds: its time, or its day when it covers days. */
  axis(at: Timestamp, interval: Interval): number {
    const shown = this.shown(at);
    return Math.floor((isIntraday(interval) ? shown : Math.floor(shown / DAY) * DAY) / 1000);
  }
}

/** The bars that can be drawn. One without a close is left out; other prices that are missing are taken for the close. */
export function candlesOf(history: History): Candle[] {
  const clock = new ExchangeClock(history.time_zone);
  const candles: Candle[] = [];
  for (const bar of history.bars) {
    if (bar.close === undefined) continue;
    const close = Number(bar.close);
    const open = Number(bar.open ?? bar.close);
    const candle = {
      time: clock.axis(bar.time, history.interval),
      open,
      close,
      high: Math.max(open, close, Number(bar.high ?? bar.close)),
      low: Math.min(open, close, Number(bar.low ?? bar.close)),
      volume: bar.volume,
      bar,
    };
    // Two bars at one place, as in the hour that a clock is set back, are one that is drawn: the later.
    if (candles.at(-1)?.time === candle.time) candles.pop();
    const last = candles.at(-1);
    if (!last || last.time < candle.time) candles.push(candle);
  }
  return candles;
}

/**
 * The last bar as the live quote has it: moved, or a new one when its interval is over. `undefined` when the quote has nothing to add.
 * Only a market that trades begins a new bar; after it closed, its last price belongs to the last one.
 */
export function liveCandle(last: Candle | undefined, history: History, quote: Quote): Candle | undefined {
  if (quote.price === undefined || quote.as_of <= 0) return undefined;
  const price = Number(quote.price);
  const at = new ExchangeClock(history.time_zone).axis(quote.as_of, history.interval);
  // The day's figures are those of a bar that covers the day.
  const { day_high, day_low, volume }: Partial<Quote> = history.interval === "1d" ? quote : {};
  if (!last || (at >= endOf(last.time, history.interval) && quote.market_state === "regular")) {
    const time = startOf(at, last?.time, history.interval);
    return { time, open: price, high: price, low: price, close: price, volume, bar: undefined };
  }
  if (at < last.time) return undefined;
  const high = Math.max(last.high, price, Number(day_high ?? price));
  const low = Math.min(last.low, price, Number(day_low ?? price));
  if (price === last.close && high === last.high && low === last.low) return undefined;
  return { ...last, close: price, high, low, volume: volume ?? last.volume };
}

/** Whether bars are missing between the last one and the live quote: the page slept, or the connection was gone. */
export function hasGap(last: Candle | undefined, history: History, quote: Quote): boolean {
  if (!last || quote.market_state !== "regular" || quote.as_of <= 0) return false;
  const now = new ExchangeClock(history.time_zone).axis(quote.as_of, history.interval);
  return isIntraday(history.interval) && now >= last.time + (2 * LENGTHS[history.interval]) / 1000;
}

function endOf(start: number, interval: Interval): number {
  if (interval !== "1mo") return start + LENGTHS[interval] / 1000;
  const began = new Date(start * 1000);
  return Date.UTC(began.getUTCFullYear(), began.getUTCMonth() + 1, 1) / 1000;
}

function startOf(at: number, last: number | undefined, interval: Interval): number {
  if (interval === "1mo") {
    const day = new Date(at * 1000);
    return Date.UTC(day.getUTCFullYear(), day.getUTCMonth(), 1) / 1000;
  }
  const length = LENGTHS[interval] / 1000;
  const anchor = last ?? 0;
  return anchor + Math.floor((at - anchor) / length) * length;
}
