// Reads single fields of what the server sends. A field of the wrong kind counts as absent.

export type Fields = Record<string, unknown>;

const LATEST_MOMENT = 8.64e15;
const DECIMAL = /^-?\d{1,40}(\.\d{1,40})?$/;

export function fields(value: unknown): Fields | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

export function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** What turns the direction of the text after it, and what nobody can see. Joiners stay: some scripts cannot be written without. */
const UNSEEN = /[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]+/g;
const BREAKS = /\s*[\p{Cc}\u2028\u2029][\s\p{Cc}]*/gu;

/** A name in one line, safe to stand in a sentence; nothing when nobody could see it. */
export function label(value: unknown): string | undefined {
  return text(text(value)?.replace(UNSEEN, "").replace(BREAKS, " ").trim());
}

export function number(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

/** A moment that a `Date` can hold; formatting any other throws. */
export function moment(value: unknown): number | undefined {
  const at = number(value);
  return at !== undefined && Math.abs(at) <= LATEST_MOMENT ? at : undefined;
}

export function decimal(value: unknown): string | undefined {
  return typeof value === "string" && DECIMAL.test(value) ? value : undefined;
}

export function oneOf<T extends string>(known: readonly T[], value: unknown): T | undefined {
  return known.find((item) => item === value);
}

export function items<T>(value: unknown, decode: (item: unknown) => T | undefined): T[] {
  return Array.isArray(value) ? value.map(decode).filter((item) => item !== undefined) : [];
}

/** Leaves out the keys that have no value, so that "absent" has one form only. */
export function known<T extends object>(entries: { [K in keyof T]: T[K] | undefined }): Partial<T> {
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined)) as Partial<T>;
}
