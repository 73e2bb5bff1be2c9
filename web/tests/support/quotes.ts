import type { Prices, Quote, SourceHealth } from "../../src/model/types";

export const OK: SourceHealth = { state: "ok", interval: 60 };

export function quote(symbol: string, changes: Partial<Quote> = {}): Quote {
  return {
    symbol,
    name: `${symbol} Inc.`,
    kind: "equity",
    price_hint: 2,
    market_state: "regular",
    price: "10",
    as_of: 1000,
    tick: 1,
    polled_at: 1000,
    ...changes,
  };
}

export function prices(tick: number, quotes: Quote[], changes: Partial<Prices> = {}): Prices {
  return { tick, polled_at: tick * 1000, quotes, missing: [], ...changes };
}
