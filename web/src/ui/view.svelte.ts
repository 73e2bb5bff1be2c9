// What of the page is open and how the list is laid out; kept in this browser.

import type { Storage } from "../api/ports";
import { COLUMNS, type Column, nextSorting, type SortColumn, type Sorting, USUAL_COLUMNS } from "../model/columns";
import { fields, items, oneOf } from "../model/fields";
import { addressOf, type Route, Router } from "./route.svelte";

const KEY = "quickstocks.view";

export type Layout = "cards" | "table";

export class View {
  readonly #router = new Router();
  layout = $state.raw<Layout>("cards");
  columns = $state.raw<readonly Column[]>(USUAL_COLUMNS);
  sorting = $state.raw<Sorting>();
  filter = $state("");
  helpIsOpen = $state.raw(false);
  /** The symbol that is being dragged, and the one it would take the place of. */
  drag = $state.raw<{ symbol: string; over: string | undefined }>();
  readonly #storage: Storage;

  constructor(storage: Storage) {
    this.#storage = storage;
    this.#recall();
  }

  setLayout(layout: Layout): void {
    this.layout = layout;
    this.#keep();
  }

  toggleColumn(column: Column): void {
    const shown = new Set(this.columns);
    if (!shown.delete(column)) shown.add(column);
    this.columns = COLUMNS.filter((one) => shown.has(one));
    this.#keep();
  }

  sortBy(column: SortColumn): void {
    this.sorting = nextSorting(this.sorting, column);
  }

  get route(): Route {
    return this.#router.route;
  }

  open(route: Route): void {
    location.hash = addressOf(route);
  }

  #keep(): void {
    this.#storage.set(KEY, JSON.stringify({ layout: this.layout, columns: this.columns }));
  }

  #recall(): void {
    try {
      const from = fields(JSON.parse(this.#storage.get(KEY) ?? "null"));
      if (!from) return;
      this.layout = oneOf(["cards", "table"] as const, from.layout) ?? "cards";
      this.columns = items(from.columns, (column) => oneOf(COLUMNS, column));
    } catch {
      // Another version wrote it: the usual layout serves.
    }
  }
}
