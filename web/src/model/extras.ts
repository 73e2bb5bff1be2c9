// What is shown beside prices: small drawings of the last session, and what currencies are worth.

import { decimal, fields, items, known } from "./fields";
import type { Decimal } from "./types";

/** Closes of a symbol's last session. */
export interface Spark {
  closes: Decimal[];
  previous_close?: Decimal;
}

/** By symbol; one without two closes is nothing to draw. */
export function decodeSparks(value: unknown): Map<string, Spark> {
  const sparks = new Map<string, Spark>();
  for (const [symbol, item] of Object.entries(fields(fields(value)?.sparks) ?? {})) {
    const closes = items(fields(item)?.closes, decimal);
    if (closes.length > 1) sparks.set(symbol, { closes, ...known({ previous_close: decimal(fields(item)?.previous_close) }) });
  }
  return sparks;
}

/** What one unit of each currency is worth. */
export function decodeRates(value: unknown): Map<string, Decimal> {
  const rates = new Map<string, Decimal>();
  for (const [currency, item] of Object.entries(fields(fields(value)?.rates) ?? {})) {
    const rate = decimal(fields(item)?.rate);
    if (rate) rates.set(currency, rate);
  }
  return rates;
}
