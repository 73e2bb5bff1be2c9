// "Since you looked": the prices are noted when the page is left, and compared when somebody comes back.

import type { Ports } from "../api/ports";
import { decimal, fields, moment } from "../model/fields";
import { type Glance, type Summary, summaryOf } from "../model/since";
import type { Decimal } from "../model/types";

const KEY = "quickstocks.seen";
/** Who was away for less needs no summary. */
const LONG_ENOUGH_MS = 15 * 60_000;

/** By symbol. */
type Prices = Readonly<Record<string, Decimal>>;

export class Since {
  summary = $state.raw<Summary>();
  readonly #ports: Ports;
  readonly #prices: () => Prices;
  #before: Glance | undefined;

  /** `prices` answers what is known now; it is asked when the page is left, and once when somebody comes back. */
  constructor(ports: Ports, prices: () => Prices) {
    this.#ports = ports;
    this.#prices = prices;
    this.#before = this.#recall();
    window.addEventListener("pagehide", () => this.#write());
  }

  /** The page is out of sight from now on. */
  leave(): void {
    this.#write();
    this.#before = this.#recall();
  }

  /** Somebody looks. The summary waits for live prices: those from disk are the ones they know. */
  look(live: boolean): void {
    const before = this.#before;
    if (!before || !live) return;
    const prices = this.#prices();
    if (Object.keys(prices).length === 0) return;
    this.#before = undefined;
    if (this.#ports.now() - before.at >= LONG_ENOUGH_MS) this.summary = summaryOf(before, prices);
  }

  dismiss(): void {
    this.summary = undefined;
  }

  #write(): void {
    // Who has not been told of the last absence yet has still seen what was noted then.
    if (this.#before) return;
    const prices = this.#prices();
    // A page that was left before its prices came has seen nothing.
    if (Object.keys(prices).length === 0) return;
    this.#ports.storage.set(KEY, JSON.stringify({ at: this.#ports.now(), prices }));
  }

  #recall(): Glance | undefined {
    try {
      const from = fields(JSON.parse(this.#ports.storage.get(KEY) ?? "null"));
      const at = moment(from?.at);
      if (!from || at === undefined) return undefined;
      const prices = Object.entries(fields(from.prices) ?? {}).filter((entry): entry is [string, string] => decimal(entry[1]) !== undefined);
      return { at, prices: Object.fromEntries(prices) };
    } catch {
      return undefined;
    }
  }
}
