// What is known of instruments beside their prices.

import { decimal, fields, items, known, label, moment, number, text } from "./fields";
import { decodeQuote } from "./decode";
import type { Decimal, Quote, Timestamp } from "./types";

/** Dates and figures that change slowly; absent when not known. What is told a share is in `currency`. */
export interface Details {
  earnings_at?: Timestamp;
  /** The last of the days it may be. */
  earnings_until?: Timestamp;
  earnings_estimated?: boolean;
  last_earnings_at?: Timestamp;
  dividend_at?: Timestamp;
  dividend_rate?: Decimal;
  /** Percent. */
  dividend_yield?: Decimal;
  trailing_dividend_rate?: Decimal;
  /** Percent. */
  trailing_dividend_yield?: Decimal;
  eps?: Decimal;
  forward_eps?: Decimal;
  forward_pe?: Decimal;
  price_to_book?: Decimal;
  shares?: number;
  /** In the currency of the price. */
  average_50_days?: Decimal;
  average_200_days?: Decimal;
  currency?: string;
}

export interface Instrument {
  quote?: Quote;
  details?: Details;
}

/** A symbol that many want to see. */
export interface Popular {
  trending: PopularSymbol[];
  most_followed: PopularSymbol[];
}

export interface PopularSymbol {
  symbol: string;
  name?: string;
  followers?: number;
}

export function decodeInstrument(value: unknown): Instrument {
  const from = fields(value);
  return known({ quote: decodeQuote(from?.quote), details: decodeDetails(from?.details) });
}

function decodeDetails(value: unknown): Details | undefined {
  const from = fields(value);
  return (
    from &&
    known<Details>({
      earnings_at: moment(from.earnings_at),
      earnings_until: moment(from.earnings_until),
      earnings_estimated: typeof from.earnings_estimated === "boolean" ? from.earnings_estimated : undefined,
      last_earnings_at: moment(from.last_earnings_at),
      dividend_at: moment(from.dividend_at),
      dividend_rate: decimal(from.dividend_rate),
      dividend_yield: decimal(from.dividend_yield),
      trailing_dividend_rate: decimal(from.trailing_dividend_rate),
      trailing_dividend_yield: decimal(from.trailing_dividend_yield),
      eps: decimal(from.eps),
      forward_eps: decimal(from.forward_eps),
      forward_pe: decimal(from.forward_pe),
      price_to_book: decimal(from.price_to_book),
      shares: number(from.shares),
      average_50_days: decimal(from.average_50_days),
      average_200_days: decimal(from.average_200_days),
      currency: text(from.currency),
    })
  );
}

function decodePopularSymbol(value: unknown): PopularSymbol | undefined {
  const from = fields(value);
  const symbol = text(from?.symbol);
  return from && symbol ? { symbol, ...known({ name: label(from.name), followers: number(from.followers) }) } : undefined;
}

export function decodePopular(value: unknown): Popular {
  const from = fields(value);
  return { trending: items(from?.trending, decodePopularSymbol), most_followed: items(from?.most_followed, decodePopularSymbol) };
}
