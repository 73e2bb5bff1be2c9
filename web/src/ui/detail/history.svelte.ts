// The prices that a chart shows: loaded for a symbol and a range, and moved by the live quote.

import { type Candle, candlesOf, hasGap, liveCandle } from "../../model/candles";
import type { History, HistoryRange } from "../../model/history";
import type { Quote } from "../../model/types";
import type { Dashboard } from "../dashboard.svelte";

export type HistoryState = { state: "loading" } | { state: "failed"; error: unknown } | { state: "empty" } | { state: "shown"; history: History };

/** The source's calls are scarce: bars that were missed are asked for again no more often. */
const RELOAD_AFTER_MS = 60_000;

export class PriceHistory {
  /** Raw: the arrays are replaced, not changed. */
  state = $state.raw<HistoryState>({ state: "loading" });
  candles = $state.raw<readonly Candle[]>([]);
  readonly #dashboard: Dashboard;
  #request: AbortController | undefined;
  #wanted: { symbol: string; range: HistoryRange } | undefined;
  #loadedAt = 0;

  constructor(dashboard: Dashboard) {
    this.#dashboard = dashboard;
  }

  load(symbol: string, range: HistoryRange): void {
    this.#wanted = { symbol, range };
    this.state = { state: "loading" };
    this.candles = [];
    void this.#read();
  }

  again(): void {
    if (this.#wanted) this.load(this.#wanted.symbol, this.#wanted.range);
  }

  stop(): void {
    this.#request?.abort();
  }

  /** Moves the last bar. Bars that the page has not seen, because it slept, are read anew. */
  follow(quote: Quote): void {
    if (this.state.state !== "shown" || quote.symbol !== this.#wanted?.symbol) return;
    const { history } = this.state;
    const last = this.candles.at(-1);
    if (hasGap(last, history, quote) && Date.now() - this.#loadedAt > RELOAD_AFTER_MS) {
      void this.#read();
      return;
    }
    const live = liveCandle(last, history, quote);
    if (live) this.candles = [...(live.time === last?.time ? this.candles.slice(0, -1) : this.candles), live];
  }

  async #read(): Promise<void> {
    this.#request?.abort();
    const request = new AbortController();
    this.#request = request;
    const wanted = this.#wanted;
    if (!wanted) return;
    this.#loadedAt = Date.now();
    let state: HistoryState;
    let candles: readonly Candle[] = [];
    try {
      const history = await this.#dashboard.history(wanted.symbol, wanted.range, request.signal);
      candles = candlesOf(history);
      state = candles.length === 0 ? { state: "empty" } : { state: "shown", history };
    } catch (error) {
      state = isAbsence(error) ? { state: "empty" } : { state: "failed", error };
    }
    // What is shown already stays when bringing it up to date does not work.
    if (request.signal.aborted || (state.state !== "shown" && this.state.state === "shown")) return;
    this.candles = candles;
    this.state = state;
  }
}

/** The source answered, and has nothing of that range. */
function isAbsence(error: unknown): boolean {
  return typeof error === "object" && error !== null && "code" in error && error.code === "history_not_found";
}
