// Edits of lists on their way to the server: one after the other, so that a removal and its undoing cannot overtake each
// other. Those made without a connection are kept, on disk too, and sent when there is one again.

import { decodeEdit } from "../model/decode-edit";
import type { Lists } from "../model/lists";
import { applyEdit, type Edit } from "../model/picks";
import type { Watchlist } from "../model/types";
import type { Storage } from "./ports";
import { RequestError, type RestClient } from "./rest";

const KEY = "quickstocks.edits";

interface Waiting {
  list: string;
  edit: Edit;
}

export interface EditEvents {
  onChange(): void;
  onFailure(error: unknown): void;
  /** The list had been changed elsewhere, and the edit was made on top of that. */
  onMerge(name: string): void;
  /** So many edits wait for a connection. */
  onWaiting(count: number): void;
}

interface Way {
  rest: RestClient;
  lists: Lists;
  storage: Storage;
  withSession<T>(request: () => Promise<T>): Promise<T>;
  /** Whether trying to send is worth while now. */
  connected(): boolean;
}

export class Edits {
  readonly #way: Way;
  readonly #events: EditEvents;
  #last: Promise<unknown> = Promise.resolve();
  #waiting: Waiting[] = [];

  constructor(way: Way, events: EditEvents) {
    this.#way = way;
    this.#events = events;
  }

  /** Edits that an earlier visit could not send are shown on their lists again. */
  recall(): void {
    let kept: unknown;
    try {
      kept = JSON.parse(this.#way.storage.get(KEY) ?? "[]");
    } catch {
      return;
    }
    if (!Array.isArray(kept)) return;
    this.#waiting = kept.map(decodeEdit).filter((waiting) => waiting !== undefined);
    for (const { list, edit } of this.#waiting) this.#way.lists.get(list)?.begin(edit);
    if (this.#waiting.length > 0) this.#events.onWaiting(this.#waiting.length);
  }

  /** Shows an edit at once and sends it. Answers whether it was made, or is kept to be made. */
  make(list: string, edit: Edit): Promise<boolean> {
    this.#way.lists.get(list)?.begin(edit);
    this.#events.onChange();
    if (!this.#way.connected()) {
      this.#keep([...this.#waiting, { list, edit }]);
      return Promise.resolve(true);
    }
    const outcome = this.#last.then(() => this.#attempt(list, edit));
    this.#last = outcome;
    return outcome;
  }

  /** Sends what waits. An edit that the server refuses is taken back; without an answer the rest goes on waiting. */
  async sendWaiting(): Promise<void> {
    for (let next = this.#waiting[0]; next; next = this.#waiting[0]) {
      const { list, edit } = next;
      // It was kept before this page knew its list.
      if (!this.#way.lists.get(list)) {
        this.#keep(this.#waiting.slice(1));
        continue;
      }
      try {
        this.#way.lists.accept(await this.#way.withSession(() => this.#send(list, edit)));
      } catch (error) {
        if (error instanceof RequestError && error.code === "unreachable") throw error;
        this.#events.onFailure(error);
      }
      this.#way.lists.get(list)?.end(edit);
      this.#keep(this.#waiting.slice(1));
      this.#events.onChange();
    }
  }

  #keep(waiting: Waiting[]): void {
    this.#waiting = waiting;
    if (waiting.length === 0) this.#way.storage.remove(KEY);
    else this.#way.storage.set(KEY, JSON.stringify(waiting));
    this.#events.onWaiting(waiting.length);
  }

  async #attempt(list: string, edit: Edit): Promise<boolean> {
    try {
      this.#way.lists.accept(await this.#way.withSession(() => this.#send(list, edit)));
      return true;
    } catch (error) {
      this.#events.onFailure(error);
      return false;
    } finally {
      this.#way.lists.get(list)?.end(edit);
      this.#events.onChange();
    }
  }

  async #send(id: string, edit: Edit): Promise<Watchlist> {
    const { rest } = this.#way;
    // The session may have been made anew meanwhile; the edit then belongs on the list that took the old one's place.
    let list = (this.#way.lists.get(id) ?? this.#way.lists.active)?.list;
    // Kept on disk and not yet read again: its version is not known.
    if (list && list.version < 0) list = await rest.watchlist(list.id);
    if (!list) throw new RequestError(0, "not_started", "The list has not been loaded yet");
    switch (edit.kind) {
      case "add":
        return edit.at === undefined ? rest.addSymbol(list.id, edit.symbol) : this.#addAt(list, edit.symbol, edit);
      case "remove":
        return rest.removeSymbol(list.id, edit.symbol);
      case "note":
        // Frames carry no notes: only what is read now may be written back.
        return this.#replace(await rest.watchlist(list.id), edit);
      default:
        return this.#replace(list, edit);
    }
  }

  /** To its old place, or to the end when the list has changed meanwhile. */
  async #addAt(list: Watchlist, symbol: string, edit: Edit): Promise<Watchlist> {
    // Added again meanwhile: a list has no symbol twice.
    if (list.symbols.includes(symbol)) return list;
    try {
      return await this.#way.rest.replaceWatchlist(applyEdit(list, edit));
    } catch (error) {
      if (error instanceof RequestError && error.status === 412) return this.#way.rest.addSymbol(list.id, symbol);
      throw error;
    }
  }

  async #replace(list: Watchlist, edit: Edit): Promise<Watchlist> {
    const { rest, lists } = this.#way;
    const withNotes = edit.kind === "note";
    try {
      return await rest.replaceWatchlist(applyEdit(list, edit), withNotes);
    } catch (error) {
      if (!(error instanceof RequestError) || error.status !== 412) throw error;
    }
    const now = await rest.watchlist(list.id);
    lists.accept(now);
    const merged = await rest.replaceWatchlist(applyEdit(now, edit), withNotes);
    this.#events.onMerge(merged.name);
    return merged;
  }
}
