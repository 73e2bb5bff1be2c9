// Decimal strings compared and measured without floating point.

import type { Decimal } from "./types";

export type Direction = "up" | "down" | "flat";

/** The direction of a change. */
export function directionOf(change: Decimal | undefined): Direction | undefined {
  if (change === undefined) return undefined;
  if (!/[1-9]/.test(change)) return "flat";
  return change.startsWith("-") ? "down" : "up";
}

function scaled(value: Decimal, decimals: number): bigint {
  const [whole = "0", fraction = ""] = value.split(".");
  return BigInt(whole + fraction.padEnd(decimals, "0"));
}

/** Negative, zero or positive as `left` is below, equal to or above `right`. */
export function compareDecimals(left: Decimal, right: Decimal): number {
  const decimals = Math.max(decimalsOf(left), decimalsOf(right));
  const difference = scaled(left, decimals) - scaled(right, decimals);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

export function decimalsOf(value: Decimal): number {
  const point = value.indexOf(".");
  return point < 0 ? 0 : value.length - point - 1;
}

/** Decimals to show: the instrument's, and for prices below one enough for four significant digits. */
export function priceDecimals(price: Decimal, hint: number): number {
  const small = /^-?0\.(0*)[1-9]/.exec(price);
  const leadingZeros = small?.[1];
  if (leadingZeros === undefined) return hint;
  const significant = Math.min(leadingZeros.length + 4, decimalsOf(price.replace(/0+$/, "")));
  return Math.min(20, Math.max(hint, significant));
}

/** Where `value` lies between `low` and `high`, from 0 to 1; a drawing position, so a float is good enough. */
export function positionWithin(value: Decimal, low: Decimal, high: Decimal): number {
  const span = Number(high) - Number(low);
  if (!(span > 0)) return 0.5;
  return Math.min(1, Math.max(0, (Number(value) - Number(low)) / span));
}
