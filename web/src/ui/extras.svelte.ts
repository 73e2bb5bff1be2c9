// What is polled beside the prices: the small drawings of the last session, and what currencies are worth in the user's own.
// Both are conveniences: when they cannot be had, their places stay empty.

import { SvelteMap } from "svelte/reactivity";
import type { Client } from "../api/client";
import type { Ports } from "../api/ports";
import type { Spark } from "../model/extras";
import type { Decimal, Quote } from "../model/types";

const SPARKS_EVERY_MS = 5 * 60_000;
const RATES_EVERY_MS = 60_000;
/** What changed is asked for together. */
const SOON_MS = 300;
const SPARKS_AT_ONCE = 100;

export class Extras {
  readonly sparks = new SvelteMap<string, Spark>();
  /** What one unit of a currency is worth in the user's. */
  rates = $state.raw<ReadonlyMap<string, Decimal>>(new Map());
  readonly #ports: Ports;
  readonly #client: Client;
  readonly #asked = new Map<string, number>();
  #timers: { sparks?: number | undefined; rates?: number | undefined } = {};
  #symbols: readonly string[] = [];
  #currencies = "";

  constructor(ports: Ports, client: Client) {
    this.#ports = ports;
    this.#client = client;
  }

  /** These symbols are on screen. */
  draw(symbols: readonly string[]): void {
    this.#symbols = symbols;
    this.#later("sparks", SOON_MS, () => this.#readSparks());
  }

  /** These quotes are on screen and `mine` is the currency to show beside theirs. */
  convert(quotes: Iterable<Quote | undefined>, mine: string | undefined): void {
    const currencies = new Set<string>();
    for (const quote of quotes) if (quote?.currency && quote.kind !== "index") currencies.add(quote.currency);
    if (mine) currencies.delete(mine);
    const wanted = mine && currencies.size > 0 ? `${mine}:${[...currencies].sort().join(",")}` : "";
    if (wanted === this.#currencies) return;
    this.#currencies = wanted;
    if (wanted === "") this.rates = new Map();
    else this.#later("rates", SOON_MS, () => this.#readRates());
  }

  async #readSparks(): Promise<void> {
    this.#later("sparks", SPARKS_EVERY_MS, () => this.#readSparks());
    if (document.hidden) return;
    const now = this.#ports.now();
    const due = this.#symbols.filter((symbol) => (this.#asked.get(symbol) ?? 0) <= now - SPARKS_EVERY_MS + SOON_MS);
    for (let from = 0; from < due.length; from += SPARKS_AT_ONCE) {
      const some = due.slice(from, from + SPARKS_AT_ONCE);
      for (const symbol of some) this.#asked.set(symbol, now);
      try {
        const sparks = await this.#client.ask((rest) => rest.sparks(some));
        for (const [symbol, spark] of sparks) this.sparks.set(symbol, spark);
      } catch {
        for (const symbol of some) this.#asked.delete(symbol);
        return;
      }
    }
  }

  async #readRates(): Promise<void> {
    const wanted = this.#currencies;
    const [mine = "", list = ""] = wanted.split(":");
    if (wanted === "") return;
    this.#later("rates", RATES_EVERY_MS, () => this.#readRates());
    if (document.hidden) return;
    const rates = await this.#client.ask((rest) => rest.rates(mine, list.split(","))).catch(() => undefined);
    if (rates && wanted === this.#currencies) this.rates = rates;
  }

  #later(what: "sparks" | "rates", milliseconds: number, read: () => Promise<void>): void {
    const timer = this.#timers[what];
    if (timer !== undefined) this.#ports.timers.clear(timer);
    this.#timers[what] = this.#ports.timers.set(() => void read(), milliseconds);
  }
}
