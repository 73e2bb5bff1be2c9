// The prices that alerts wait for, as lines on a chart that can be moved by one price step and more.

import type { Alert, AlertTerms, Level } from "./alerts";
import type { Decimal } from "./types";

/** The server takes prices of an alert with so many decimals, and below this one. */
const MOST_DECIMALS = 8;
const TOO_MUCH = 1e12;

/** Decimals of a price step: the instrument's, and for prices below one enough for four significant digits. */
function stepDecimals(price: number, hint: number): number {
  const significant = price > 0 && price < 1 ? 3 - Math.floor(Math.log10(price)) : 0;
  return Math.min(MOST_DECIMALS, Math.max(hint, significant));
}

/** The nearest price that the instrument can have; never less than one step. */
export function snappedPrice(price: number, hint: number): Decimal {
  const decimals = stepDecimals(price, hint);
  const step = 10 ** -decimals;
  return Math.min(TOO_MUCH - 1, Math.max(step, price)).toFixed(decimals);
}

/** The price so many steps further; the steps are those of where it begins. */
export function steppedPrice(price: Decimal, steps: number, hint: number): Decimal {
  const from = Number(price);
  return snappedPrice(from + steps * 10 ** -stepDecimals(from, hint), hint);
}

/** With at least the instrument's decimals, as prices are written. */
export function paddedPrice(price: Decimal, hint: number): Decimal {
  const [whole = "0", fraction = ""] = price.split(".");
  return hint > 0 || fraction !== "" ? `${whole}.${fraction.padEnd(hint, "0")}` : whole;
}

/** The same terms, waiting for another price. */
export function termsAt({ rule, repeat, expires_at, note }: Alert, price: Decimal): AlertTerms {
  return {
    rule: { ...rule, price },
    ...(repeat ? { repeat } : {}),
    ...(expires_at === undefined ? {} : { expires_at }),
    ...(note === undefined ? {} : { note }),
  };
}

/** Where the grip of a level is drawn. */
export interface GripPlace {
  id: string;
  /** The middle, in pixels from the top of the chart. */
  y: number;
  /** How many grips lie before it at the same height. */
  column: number;
  /** Where its price is, when that is out of sight: the grip waits at the edge. */
  beyond: "above" | "below" | undefined;
}

/** Places grips of a height in pixels on a chart of a height, so that each can be taken hold of. */
export function gripPlaces(lines: readonly { id: string; y: number }[], height: number, grip: number): GripPlace[] {
  const places: GripPlace[] = [];
  for (const { id, y } of [...lines].sort((one, other) => one.y - other.y)) {
    const beyond = y < 0 ? "above" : y > height ? "below" : undefined;
    const inside = Math.min(height - grip / 2, Math.max(grip / 2, y));
    const taken = places.filter((place) => Math.abs(place.y - inside) < grip).map(({ column }) => column);
    let column = 0;
    while (taken.includes(column)) column += 1;
    places.push({ id, y: inside, column, beyond });
  }
  return places;
}

/** The level whose line is nearest to a height, if it is within reach. */
export function nearestLevel(lines: readonly { id: string; y: number }[], y: number, reach: number): string | undefined {
  let nearest: { id: string; away: number } | undefined;
  for (const line of lines) {
    const away = Math.abs(line.y - y);
    if (away <= reach && (!nearest || away < nearest.away)) nearest = { id: line.id, away };
  }
  return nearest?.id;
}

/** The levels with one of them elsewhere. */
export function withMoved(levels: readonly Level[], moved: { id: string; price: Decimal } | undefined): readonly Level[] {
  return moved ? levels.map((level) => (level.id === moved.id ? { ...level, price: moved.price } : level)) : levels;
}
