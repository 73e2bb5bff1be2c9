// The prices of a symbol over time: what the server tells, and what a chart draws of it.

import { decimal, fields, items, known, moment, number, oneOf, text } from "./fields";
import type { Decimal, Timestamp } from "./types";

export const HISTORY_RANGES = ["1d", "5d", "1mo", "6mo", "1y", "5y", "max"] as const;
export type HistoryRange = (typeof HISTORY_RANGES)[number];

const INTERVALS = ["1m", "5m", "15m", "1h", "1d", "1wk", "1mo"] as const;
/** The time that one bar covers. */
export type Interval = (typeof INTERVALS)[number];

/** What traded in one interval; any price may be missing. */
export interface Bar {
  /** When the interval began. */
  time: Timestamp;
  open?: Decimal;
  high?: Decimal;
  low?: Decimal;
  close?: Decimal;
  volume?: number;
}

export interface Split {
  at: Timestamp;
  numerator: Decimal;
  denominator: Decimal;
}

export interface Dividend {
  at: Timestamp;
  amount: Decimal;
}

export interface History {
  symbol: string;
  range: HistoryRange;
  interval: Interval;
  currency?: string;
  time_zone?: string;
  previous_close?: Decimal;
  /** The oldest first. */
  bars: Bar[];
  splits: Split[];
  dividends: Dividend[];
}

function decodeBar(value: unknown): Bar | undefined {
  const from = fields(value);
  const time = moment(from?.time);
  if (!from || time === undefined) return undefined;
  return {
    time,
    ...known({
      open: decimal(from.open),
      high: decimal(from.high),
      low: decimal(from.low),
      close: decimal(from.close),
      volume: number(from.volume),
    }),
  };
}

function decodeSplit(value: unknown): Split | undefined {
  const from = fields(value);
  const at = moment(from?.at);
  const numerator = decimal(from?.numerator);
  const denominator = decimal(from?.denominator);
  return at !== undefined && numerator && denominator ? { at, numerator, denominator } : undefined;
}

function decodeDividend(value: unknown): Dividend | undefined {
  const from = fields(value);
  const at = moment(from?.at);
  const amount = decimal(from?.amount);
  return at !== undefined && amount ? { at, amount } : undefined;
}

export function decodeHistory(value: unknown): History | undefined {
  const from = fields(value);
  const symbol = text(from?.symbol);
  const range = oneOf(HISTORY_RANGES, from?.range);
  const interval = oneOf(INTERVALS, from?.interval);
  if (!from || !symbol || !range || !interval) return undefined;
  const events = fields(from.events);
  return {
    symbol,
    range,
    interval,
    bars: items(from.bars, decodeBar).sort((one, other) => one.time - other.time),
    splits: items(events?.splits, decodeSplit),
    dividends: items(events?.dividends, decodeDividend),
    ...known({ currency: text(from.currency), time_zone: text(from.time_zone), previous_close: decimal(from.previous_close) }),
  };
}
