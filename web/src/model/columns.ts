// The columns of the table, and how a list is sorted and filtered for looking at, which leaves its own order alone.

import { compareDecimals } from "./decimal";
import type { Decimal, Quote } from "./types";

export const COLUMNS = [
  "price",
  "change",
  "change_percent",
  "spark",
  "extended",
  "previous_close",
  "open",
  "day_range",
  "year_range",
  "volume",
  "market_cap",
  "pe_ratio",
  "currency",
  "exchange",
  "age",
] as const;
export type Column = (typeof COLUMNS)[number];

/** What a table shows until somebody chooses: as much as a screen of 1280 pixels has room for in every language. */
export const USUAL_COLUMNS: readonly Column[] = ["price", "change", "change_percent", "spark", "volume", "market_cap", "age"];

export type SortColumn = Column | "symbol" | "name";
export interface Sorting {
  column: SortColumn;
  descending: boolean;
}

const SORTED_BY: Partial<Record<SortColumn, (quote: Quote) => Decimal | number | string | undefined>> = {
  name: (quote) => quote.name,
  price: (quote) => quote.price,
  change: (quote) => quote.change,
  change_percent: (quote) => quote.change_percent,
  extended: (quote) => quote.extended?.change_percent,
  previous_close: (quote) => quote.previous_close,
  open: (quote) => quote.open,
  volume: (quote) => quote.volume,
  market_cap: (quote) => quote.market_cap,
  pe_ratio: (quote) => quote.pe_ratio,
  exchange: (quote) => quote.exchange,
  age: (quote) => quote.as_of,
};

export function isSortable(column: SortColumn): boolean {
  return column === "symbol" || SORTED_BY[column] !== undefined;
}

const TEXTS: readonly SortColumn[] = ["symbol", "name", "exchange"];

/** A first click on a column of figures shows the largest first; of texts, the first of the alphabet. */
export function nextSorting(current: Sorting | undefined, column: SortColumn): Sorting | undefined {
  const first = !TEXTS.includes(column);
  if (current?.column !== column) return { column, descending: first };
  return current.descending === first ? { column, descending: !first } : undefined;
}

/** What is not known stands last, whichever way. */
export function sorted(
  symbols: readonly string[],
  sorting: Sorting | undefined,
  quoteOf: (symbol: string) => Quote | undefined,
  compareTexts: (left: string, right: string) => number,
): readonly string[] {
  if (!sorting) return symbols;
  const { column, descending } = sorting;
  const read = SORTED_BY[column];
  const valueOf = (symbol: string): Decimal | number | string | undefined => {
    const quote = quoteOf(symbol);
    return column === "symbol" ? symbol : quote && read?.(quote);
  };
  const texts = TEXTS.includes(column);
  const compare = (left: Decimal | number, right: Decimal | number): number => {
    if (typeof left === "number" && typeof right === "number") return left - right;
    return texts ? compareTexts(String(left), String(right)) : compareDecimals(String(left), String(right));
  };
  const keyed = symbols.map((symbol) => ({ symbol, value: valueOf(symbol) }));
  keyed.sort((left, right) => {
    if (left.value === undefined || right.value === undefined) return Number(left.value === undefined) - Number(right.value === undefined);
    return descending ? compare(right.value, left.value) : compare(left.value, right.value);
  });
  return keyed.map(({ symbol }) => symbol);
}

/** The symbols whose symbol, name or note contains every word. */
export function filtered(
  symbols: readonly string[],
  text: string,
  quoteOf: (symbol: string) => Quote | undefined,
  notes: Readonly<Record<string, string>> = {},
): readonly string[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return symbols;
  return symbols.filter((symbol) => {
    const all = `${symbol} ${quoteOf(symbol)?.name ?? ""} ${notes[symbol] ?? ""}`.toLowerCase();
    return words.every((word) => all.includes(word));
  });
}
