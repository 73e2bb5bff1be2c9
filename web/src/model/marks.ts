// Splits and dividends on a chart: each at the candle that has its day, and no more of them than leave the prices to be seen.

import { type Candle, ExchangeClock } from "./candles";
import type { Dividend, History, Split } from "./history";

/** Dividends that are marked at the most; a quarterly one fits five years. */
const MOST_DIVIDENDS = 24;
/** With more, their letters would run into each other. */
const MOST_LETTERS = 12;

export interface EventMark {
  /** The time of the candle that it is drawn at. */
  time: number;
  split?: Split;
  dividend?: Dividend;
  /** Whether there is room for a letter. */
  letter: boolean;
}

export interface EventMarks {
  /** The oldest first. */
  marks: EventMark[];
  /** How many of the dividends of the range are marked, and how many there are. */
  dividends: { marked: number; all: number };
}

export function eventMarks(candles: readonly Candle[], history: History): EventMarks {
  const clock = new ExchangeClock(history.time_zone);
  const candleOf = (at: number): number | undefined => {
    const wanted = clock.axis(at, history.interval);
    return candles.findLast(({ time }) => time <= wanted)?.time;
  };
  // Of several within one candle the last stands for them.
  const byCandle = new Map<number, Dividend>();
  const dividends = [...history.dividends].sort((one, other) => one.at - other.at);
  let all = 0;
  for (const dividend of dividends) {
    const time = candleOf(dividend.at);
    if (time === undefined) continue;
    all += 1;
    byCandle.set(time, dividend);
  }
  // Evenly thinned, counted from the newest, which is marked always.
  const each = Math.ceil(byCandle.size / MOST_DIVIDENDS);
  const kept = [...byCandle].filter((_, index) => (byCandle.size - 1 - index) % each === 0);
  const marks: EventMark[] = kept.map(([time, dividend]) => ({ time, dividend, letter: kept.length <= MOST_LETTERS }));
  for (const split of history.splits) {
    const time = candleOf(split.at);
    if (time !== undefined) marks.push({ time, split, letter: true });
  }
  return { marks: marks.sort((one, other) => one.time - other.time), dividends: { marked: kept.length, all } };
}
