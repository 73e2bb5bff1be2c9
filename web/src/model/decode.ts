// Reads what the server sends. Tolerant: an unknown type gives `undefined`, an unknown field is skipped, a field of the wrong
// kind counts as absent, and one unusable quote does not cost the others.

import { decodeNotices } from "./decode-alerts";
import { decimal, type Fields, fields, items, known, label, moment, number, oneOf, text } from "./fields";
import type {
  Extended,
  Frame,
  MarketState,
  Missing,
  MissingReason,
  Prices,
  Quote,
  ServerConfig,
  SourceHealth,
  SourceKind,
  SourceState,
  SymbolMatch,
  Watchlist,
} from "./types";

const MARKET_STATES: readonly MarketState[] = ["pre_pre", "pre", "regular", "post", "post_post", "closed", "unknown"];
const SOURCE_STATES: readonly SourceState[] = ["starting", "ok", "degraded", "refused", "unreachable"];
const MISSING_REASONS: readonly MissingReason[] = ["pending", "unknown", "delisted", "malformed"];
/** The kinds of sources that this page knows. */
export const SOURCE_KINDS: readonly SourceKind[] = ["simulated", "yahoo", "replay"];

function decodeExtended(value: unknown): Extended | undefined {
  const from = fields(value);
  const session = oneOf(["pre", "post"] as const, from?.session);
  const price = decimal(from?.price);
  const asOf = moment(from?.as_of);
  if (!from || !session || !price || asOf === undefined) return undefined;
  return {
    session,
    price,
    as_of: asOf,
    ...known({ change: decimal(from.change), change_percent: decimal(from.change_percent) }),
  };
}

/** A quote without a symbol is of no use; everything else may be missing. */
export function decodeQuote(value: unknown): Quote | undefined {
  const from = fields(value);
  const symbol = text(from?.symbol);
  if (!from || !symbol) return undefined;
  const hint = number(from.price_hint);
  return {
    symbol,
    name: label(from.name) ?? symbol,
    kind: text(from.kind) ?? "other",
    price_hint: hint !== undefined && Number.isInteger(hint) && hint >= 0 && hint <= 12 ? hint : 2,
    market_state: oneOf(MARKET_STATES, from.market_state) ?? "unknown",
    as_of: moment(from.as_of) ?? 0,
    tick: number(from.tick) ?? 0,
    polled_at: moment(from.polled_at) ?? 0,
    ...known({
      exchange: text(from.exchange) ?? text(from.exchange_code),
      time_zone: text(from.time_zone),
      currency: text(from.currency),
      price: decimal(from.price),
      change: decimal(from.change),
      change_percent: decimal(from.change_percent),
      previous_close: decimal(from.previous_close),
      open: decimal(from.open),
      day_low: decimal(from.day_low),
      day_high: decimal(from.day_high),
      volume: number(from.volume),
      fifty_two_week_low: decimal(from.fifty_two_week_low),
      fifty_two_week_high: decimal(from.fifty_two_week_high),
      market_cap: decimal(from.market_cap),
      pe_ratio: decimal(from.pe_ratio),
      delay_minutes: number(from.delay_minutes),
      extended: decodeExtended(from.extended),
    }),
  };
}

function decodeMissing(value: unknown): Missing | undefined {
  const from = fields(value);
  const symbol = text(from?.symbol);
  // A reason of a later version still means that there is no quote.
  return symbol ? { symbol, reason: oneOf(MISSING_REASONS, from?.reason) ?? "pending" } : undefined;
}

export function decodeSource(value: unknown): SourceHealth | undefined {
  const from = fields(value);
  const state = oneOf(SOURCE_STATES, from?.state);
  if (!from || !state) return undefined;
  return {
    state,
    interval: Math.max(1, number(from.interval) ?? 60),
    ...known({ reason: text(from.reason), retry_at: moment(from.retry_at), last_ok_at: moment(from.last_ok_at) }),
  };
}

export function decodeWatchlist(value: unknown): Watchlist | undefined {
  const from = fields(value);
  const id = text(from?.id);
  if (!from || !id) return undefined;
  return {
    id,
    name: text(from.name) ?? "",
    symbols: [...new Set(items(from.symbols, text))],
    version: number(from.version) ?? 0,
    deleted: from.deleted === true,
    ...known({ notes: decodeNotes(from.notes) }),
  };
}

function decodeNotes(value: unknown): Record<string, string> | undefined {
  const from = fields(value);
  return from && Object.fromEntries(Object.entries(from).filter((entry): entry is [string, string] => text(entry[1]) !== undefined));
}

export function decodeWatchlists(value: unknown): Watchlist[] {
  return items(fields(value)?.watchlists, decodeWatchlist).filter((list) => !list.deleted);
}

function clockOf(from: Fields): { tick: number; polled_at: number } {
  return { tick: number(from.tick) ?? 0, polled_at: moment(from.polled_at) ?? 0 };
}

function decodePricesOf(from: Fields): Prices {
  return {
    ...clockOf(from),
    quotes: items(from.quotes, decodeQuote),
    missing: items(from.missing, decodeMissing),
    ...known({ source: decodeSource(from.source) }),
  };
}

export function decodePrices(value: unknown): Prices | undefined {
  const from = fields(value);
  return from ? decodePricesOf(from) : undefined;
}

export function decodeMatches(value: unknown): SymbolMatch[] {
  return items(fields(value)?.matches, (item) => {
    const from = fields(item);
    const symbol = text(from?.symbol);
    if (!from || !symbol) return undefined;
    return {
      symbol,
      name: label(from.name) ?? symbol,
      kind: text(from.kind) ?? "other",
      ...known({ exchange: text(from.exchange) }),
    };
  });
}

export function decodeConfig(value: unknown): ServerConfig {
  const from = fields(value) ?? {};
  return {
    version: text(from.version) ?? "",
    source: oneOf(SOURCE_KINDS, fields(from.source)?.kind) ?? "unknown",
    ws_path: text(from.ws_path) ?? "/ws",
    limits: {
      lists: number(fields(from.limits)?.lists) ?? 20,
      symbols_per_list: number(fields(from.limits)?.symbols_per_list) ?? 200,
    },
    sharing: from.sharing === true,
  };
}

export function decodeFrame(data: unknown): Frame | undefined {
  if (typeof data !== "string") return undefined;
  let from: Fields | undefined;
  try {
    from = fields(JSON.parse(data));
  } catch {
    return undefined;
  }
  if (!from) return undefined;
  const source = decodeSource(from.source);
  switch (from.type) {
    case "hello":
    case "pong":
      return { type: from.type, ...clockOf(from), server_time: moment(from.server_time) ?? 0, ...known({ source }) };
    case "snapshot":
    case "quotes":
      return { type: from.type, ...decodePricesOf(from), ...known({ part: number(from.part), parts: number(from.parts) }) };
    case "status":
      return source && { type: "status", ...clockOf(from), source };
    case "list": {
      const list = decodeWatchlist(from.list);
      return list && { type: "list", list };
    }
    case "alert":
      return { type: "alert", notifications: decodeNotices(from.notifications) };
    case "bye":
      return { type: "bye", reason: text(from.reason) ?? "", ...known({ reconnect_in: number(from.reconnect_in) }) };
    case "error":
      return { type: "error", code: text(from.code) ?? "", message: text(from.message) ?? "" };
    default:
      return undefined;
  }
}
