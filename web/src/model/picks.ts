// The user's list as the screen shows it: what the server has, with the edits on top that it has not answered yet. An edit
// that fails is taken away, which is the whole rollback.

import type { Watchlist } from "./types";

export type Edit = { kind: "add"; symbol: string; at?: number } | { kind: "remove"; symbol: string };

export class Picks {
  #list: Watchlist;
  #edits: Edit[] = [];

  constructor(list: Watchlist) {
    this.#list = list;
  }

  get list(): Watchlist {
    return this.#list;
  }

  get symbols(): string[] {
    return this.#edits.reduce(applyEdit, this.#list.symbols);
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
    this.#list = list;
    return true;
  }
}

function applyEdit(symbols: string[], edit: Edit): string[] {
  if (edit.kind === "remove") return symbols.filter((symbol) => symbol !== edit.symbol);
  return symbols.includes(edit.symbol) ? symbols : withInserted(symbols, edit.symbol, edit.at);
}

/** `symbols` with one more, at its old place when it had one. */
export function withInserted(symbols: readonly string[], symbol: string, at = symbols.length): string[] {
  return [...symbols.slice(0, at), symbol, ...symbols.slice(at)];
}
