// All lists of the user, in the server's order, and which of them is on screen.

import { Picks } from "./picks";
import type { Watchlist } from "./types";

export class Lists {
  #picks = new Map<string, Picks>();
  #active: string | undefined;

  /** `remembered` is the list that was on screen last time. */
  constructor(remembered?: string) {
    this.#active = remembered;
  }

  get isEmpty(): boolean {
    return this.#picks.size === 0;
  }

  /** As the screen shows them. */
  get shown(): Watchlist[] {
    return [...this.#picks.values()].map((picks) => picks.shown);
  }

  get(id: string): Picks | undefined {
    return this.#picks.get(id);
  }

  /** The list on screen: the first when the one that was there is gone. */
  get active(): Picks | undefined {
    return this.#picks.get(this.#active ?? "") ?? this.#picks.values().next().value;
  }

  activate(id: string): void {
    if (this.#picks.has(id)) this.#active = id;
  }

  /** Every symbol on any list, once. */
  get symbols(): string[] {
    return [...new Set(this.shown.flatMap((list) => list.symbols))];
  }

  /** These are all lists that there are. Answers whether one of those before is still there. */
  replace(lists: readonly Watchlist[]): boolean {
    const before = this.#picks;
    this.#picks = new Map();
    let kept = false;
    for (const list of lists) {
      const picks = before.get(list.id);
      if (picks) {
        picks.accept(list);
        kept = true;
      }
      this.#picks.set(list.id, picks ?? new Picks(list));
    }
    return kept;
  }

  /** Takes over one list, new or known. Answers whether it was news. */
  accept(list: Watchlist): boolean {
    const picks = this.#picks.get(list.id);
    if (picks) return picks.accept(list);
    this.#picks.set(list.id, new Picks(list));
    return true;
  }

  /** Forgets a list that is no more; its neighbour comes on screen. Answers its name when it was there. */
  remove(id: string): string | undefined {
    const picks = this.#picks.get(id);
    if (!picks) return undefined;
    if (this.active === picks) {
      const ids = [...this.#picks.keys()];
      const at = ids.indexOf(id);
      this.#active = ids[at + 1] ?? ids[at - 1];
    }
    this.#picks.delete(id);
    return picks.shown.name;
  }
}
