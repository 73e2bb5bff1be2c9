// A price in the user's own currency. What is shown beside the original says "about": a float is good enough.

import type { Decimal, Quote } from "./types";

export interface Converted {
  amount: number;
  currency: string;
}

/** Absent when the price is in that currency already, or is none of money, or its rate is not known. */
export function convert(quote: Quote, currency: string | undefined, rates: ReadonlyMap<string, Decimal>): Converted | undefined {
  if (!currency || !quote.currency || quote.price === undefined || quote.currency === currency || quote.kind === "index") return undefined;
  const rate = rates.get(quote.currency);
  return rate === undefined ? undefined : { amount: Number(quote.price) * Number(rate), currency };
}
