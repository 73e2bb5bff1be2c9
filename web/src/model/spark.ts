// The small drawing of a session as points in a box. Positions on a screen, so floats are good enough.

import type { Spark } from "./extras";
import type { Decimal } from "./types";

export interface SparkDrawing {
  /** For an SVG polyline. */
  points: string;
  /** The height of the previous close; absent when it is not known. */
  base: number | undefined;
  direction: "up" | "down" | "flat";
}

/** The closes as places on a screen. They stay while prices come, so they are read once. */
export interface SparkValues {
  closes: readonly number[];
  before: number | undefined;
}

export function sparkValues(spark: Spark): SparkValues {
  return { closes: spark.closes.map(Number), before: spark.previous_close === undefined ? undefined : Number(spark.previous_close) };
}

/** `price` is the last one known, which is newer than the closes. */
export function sparkPoints({ closes, before }: SparkValues, price: Decimal | undefined, width: number, height: number): SparkDrawing | undefined {
  const values = price === undefined ? closes : [...closes, Number(price)];
  const first = values[0];
  const last = values.at(-1);
  if (first === undefined || last === undefined || values.length < 2 || !values.every(Number.isFinite)) return undefined;
  const all = before === undefined ? values : [...values, before];
  const low = Math.min(...all);
  const span = Math.max(...all) - low;
  // A pixel of room for the width of the line; a flat line in the middle.
  const y = (value: number): number => round(span === 0 ? height / 2 : 1 + (1 - (value - low) / span) * (height - 2));
  const points = values.map((value, at) => `${round((at / (values.length - 1)) * width)},${y(value)}`).join(" ");
  const start = before ?? first;
  return {
    points,
    base: before === undefined ? undefined : y(before),
    direction: last > start ? "up" : last < start ? "down" : "flat",
  };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
