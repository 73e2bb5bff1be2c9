// What happened to the prices while nobody looked.

import { compareDecimals } from "./decimal";
import type { Decimal, Timestamp } from "./types";

/** The prices when somebody last looked. */
export interface Glance {
  at: Timestamp;
  prices: Readonly<Record<string, Decimal>>;
}

export interface Summary {
  /** When somebody last looked. */
  at: Timestamp;
  up: number;
  down: number;
  /** The symbol that moved most, and by how many percent. */
  most?: { symbol: string; percent: Decimal };
}

/** Absent when none of the symbols was there then. */
export function summaryOf(before: Glance, now: Readonly<Record<string, Decimal>>): Summary | undefined {
  const summary: Summary = { at: before.at, up: 0, down: 0 };
  let known = false;
  let largest = 0;
  for (const [symbol, price] of Object.entries(now)) {
    const then = before.prices[symbol];
    if (then === undefined) continue;
    known = true;
    const difference = compareDecimals(price, then);
    if (difference === 0) continue;
    if (difference > 0) summary.up += 1;
    else summary.down += 1;
    // A rounded percentage to be read, so floats are good enough.
    const percent = (Number(price) / Number(then) - 1) * 100;
    if (Number.isFinite(percent) && Math.abs(percent) > largest) {
      largest = Math.abs(percent);
      summary.most = { symbol, percent: percent.toFixed(2) };
    }
  }
  return known ? summary : undefined;
}
