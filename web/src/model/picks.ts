// One list as the screen shows it: what the server has, with the edits on top that it has not answered yet. An edit that
// fails is taken away, which is the whole rollback.

import type { Watchlist } from "./types";

/** Plain data, so that an edit made without a network can be kept and sent later. */
export type Edit =
  | { kind: "add"; symbol: string; at?: number }
  | { kind: "remove"; symbol: string }
  | { kind: "arrange"; symbols: readonly string[] }
  | { kind: "rename"; name: string }
  | { kind: "note"; symbol: string; text: string };

export class Picks {
  #list: Watchlist;
  #edits: Edit[] = [];

  constructor(list: Watchlist) {
    this.#list = list;
  }

  /** As the server has it. */
  get list(): Watchlist {
    return this.#list;
  }

  /** As it will be when the server has taken every edit. */
  get shown(): Watchlist {
    return this.#edits.reduce(applyEdit, this.#list);
  }

  get symbols(): string[] {
    return this.shown.symbols;
  }

  begin(edit: Edit): void {
    this.#edits.push(edit);
  }

  end(edit: Edit): void {
    this.#edits = this.#edits.filter((other) => other !== edit);
  }

  /** Takes over the server's list unless a newer one is known already. Answers whether it did. */
  accept(list: Watchlist): boolean {
    if (list.id !== this.#list.id || list.version < this.#list.version) return false;
    const notes = list.notes ?? notesOf(this.#list.notes, list.symbols);
    this.#list = { ...list, notes };
    return true;
  }
}

export function applyEdit(list: Watchlist, edit: Edit): Watchlist {
  switch (edit.kind) {
    case "add":
      return list.symbols.includes(edit.symbol) ? list : { ...list, symbols: withInserted(list.symbols, edit.symbol, edit.at) };
    case "remove":
      return { ...list, symbols: list.symbols.filter((symbol) => symbol !== edit.symbol) };
    case "arrange":
      return { ...list, symbols: arranged(list.symbols, edit.symbols) };
    case "rename":
      return { ...list, name: edit.name };
    case "note": {
      const { [edit.symbol]: _, ...others } = list.notes ?? {};
      return { ...list, notes: edit.text === "" ? others : { ...others, [edit.symbol]: edit.text } };
    }
  }
}

function notesOf(notes: Watchlist["notes"], symbols: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(notes ?? {}).filter(([symbol]) => symbols.includes(symbol)));
}

/** `symbols` with one more, at its old place when it had one. */
export function withInserted(symbols: readonly string[], symbol: string, at = symbols.length): string[] {
  return [...symbols.slice(0, at), symbol, ...symbols.slice(at)];
}

/** `symbols` in the wanted order; those that it does not name keep their order behind. */
export function arranged(symbols: readonly string[], wanted: readonly string[]): string[] {
  const here = new Set(symbols);
  const named = new Set(wanted);
  return [...wanted.filter((symbol) => here.has(symbol)), ...symbols.filter((symbol) => !named.has(symbol))];
}

/** `symbols` with one of them at another place. */
export function moved(symbols: readonly string[], symbol: string, to: number): string[] {
  const others = symbols.filter((other) => other !== symbol);
  return withInserted(others, symbol, Math.max(0, Math.min(others.length, to)));
}
