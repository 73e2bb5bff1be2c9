// One symbol as it stands on screen: its quote, and where its price went.

import { compareDecimals } from "./decimal";
import type { MissingReason, Quote } from "./types";

export interface Row {
  quote: Quote | undefined;
  missing: MissingReason | undefined;
  /** Where the price went when it last changed on screen. */
  move: "up" | "down" | undefined;
  /** How often it changed, so that the same move twice is seen twice. */
  moves: number;
}

/** `inSight`: whether somebody can have seen the price change; one that changed out of sight is not shown as moving. */
export function rowOf(before: Row | undefined, quote: Quote | undefined, missing: MissingReason | undefined, inSight = true): Row {
  const [from, to] = [before?.quote?.price, quote?.price];
  const difference = !inSight || from === undefined || to === undefined ? 0 : compareDecimals(to, from);
  const moves = before?.moves ?? 0;
  if (difference === 0) return { quote, missing, move: before?.move, moves };
  return { quote, missing, move: difference > 0 ? "up" : "down", moves: moves + 1 };
}

/** The animation of the last move; two names for each, because changing the name is what starts it again. */
export function flashOf(row: Row | undefined): string {
  return row?.move && row.moves > 0 ? `flash-${row.move}-${row.moves % 2}` : "";
}
