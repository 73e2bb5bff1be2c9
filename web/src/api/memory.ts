// What was last known, kept on disk, so that the page opens with it while the network or the server is away.

import type { Board } from "../model/board";
import { decodeQuote, decodeWatchlist } from "../model/decode";
import { fields, items, moment, text } from "../model/fields";
import type { Quote, Timestamp, Watchlist } from "../model/types";
import type { Storage } from "./ports";

const KEY = "quickstocks.last";

export interface Kept {
  lists: Watchlist[];
  /** The list that was on screen. */
  active: string | undefined;
  quotes: Quote[];
  savedAt: Timestamp;
}

export function remember(storage: Storage, lists: readonly Watchlist[], active: string | undefined, board: Board, now: Timestamp): void {
  const symbols = new Set(lists.flatMap((list) => list.symbols));
  const quotes = [...symbols].map((symbol) => board.quote(symbol)).filter((quote) => quote !== undefined);
  storage.set(KEY, JSON.stringify({ savedAt: now, active, lists, quotes }));
}

export function recall(storage: Storage): Kept | undefined {
  let from: ReturnType<typeof fields>;
  try {
    from = fields(JSON.parse(storage.get(KEY) ?? "null"));
  } catch {
    return undefined;
  }
  if (!from) return undefined;
  return {
    // Whatever the server says is newer.
    lists: items(from.lists, decodeWatchlist).map((list) => ({ ...list, version: -1 })),
    active: text(from.active),
    quotes: items(from.quotes, decodeQuote).map((quote) => ({ ...quote, tick: -1 })),
    savedAt: moment(from.savedAt) ?? 0,
  };
}

/** Leaves nothing behind, as when somebody else's account takes over. */
export function forget(storage: Storage): void {
  for (const key of [KEY, "quickstocks.edits", "quickstocks.seen"]) storage.remove(key);
}
