// What a chart shows, kept in this browser.

import { HISTORY_RANGES, type HistoryRange } from "../../model/history";
import type { ChartKind } from "./chart";

const KEY = "quickstocks.chart";

class ChartChoice {
  #range = $state.raw<HistoryRange>("1d");
  #kind = $state.raw<ChartKind>("line");

  constructor() {
    try {
      const [range, kind] = (localStorage.getItem(KEY) ?? "").split(" ");
      this.#range = HISTORY_RANGES.find((known) => known === range) ?? "1d";
      this.#kind = kind === "candles" ? "candles" : "line";
    } catch {
      // Storage may be forbidden.
    }
  }

  get range(): HistoryRange {
    return this.#range;
  }

  set range(range: HistoryRange) {
    this.#range = range;
    this.#keep();
  }

  get kind(): ChartKind {
    return this.#kind;
  }

  set kind(kind: ChartKind) {
    this.#kind = kind;
    this.#keep();
  }

  #keep(): void {
    try {
      localStorage.setItem(KEY, `${this.#range} ${this.#kind}`);
    } catch {
      // The choice then holds for this page.
    }
  }
}

export const chartChoice = new ChartChoice();
