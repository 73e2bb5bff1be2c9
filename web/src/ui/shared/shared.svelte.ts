// What a link to a list shows, as reactive values.

import type { Ports } from "../../api/ports";
import { leadsNowhere, SharedLive } from "../../api/shared";
import { RequestError } from "../../api/rest";
import type { Link } from "../../model/age";
import { Board } from "../../model/board";
import { rowOf, type Row } from "../../model/row";
import type { SharedList } from "../../model/share";
import type { SourceHealth, Timestamp } from "../../model/types";
import { Settings } from "../settings.svelte";

const CLOCK_EVERY_MS = 1000;

/** How the reading goes. */
export type Phase = "opening" | "live" | "unreachable" | "nowhere" | "off";

export class SharedView {
  readonly settings: Settings;
  list = $state.raw<SharedList>();
  rows = $state.raw<ReadonlyMap<string, Row>>(new Map());
  phase = $state.raw<Phase>("opening");
  /** Why nothing could be read, when nothing was read yet. */
  failure = $state.raw<unknown>();
  source = $state.raw<SourceHealth>();
  polledAt = $state.raw<Timestamp>(0);
  #now = $state.raw<Timestamp>(0);
  /** Server time less local time: the most that was seen, because an answer that the browser had kept tells an earlier time. */
  #clockOffset = $state.raw<number>();
  #lastLiveAt = $state.raw<Timestamp>(0);
  readonly #board = new Board();
  readonly #ports: Ports;
  readonly #live: SharedLive;

  readonly link: Link = $derived({ source: this.source, live: this.phase === "live", lastLiveAt: this.#lastLiveAt });

  constructor(ports: Ports, token: string) {
    this.#ports = ports;
    this.#now = ports.now();
    this.settings = new Settings(ports.storage);
    this.#live = new SharedLive(ports, token, {
      onList: (list, serverNow) => this.#take(list, serverNow),
      onFailure: (error) => this.#fail(error),
    });
  }

  get serverNow(): Timestamp {
    return this.#now + (this.#clockOffset ?? 0);
  }

  async start(): Promise<void> {
    await this.settings.ready();
    document.addEventListener("visibilitychange", () => this.#live.setHidden(document.hidden));
    window.addEventListener("online", () => this.#live.ask());
    window.setInterval(() => {
      if (!document.hidden) this.#now = this.#ports.now();
    }, CLOCK_EVERY_MS);
    this.#live.ask();
  }

  retry(): void {
    this.phase = "opening";
    this.#live.ask();
  }

  #take(list: SharedList, serverNow: Timestamp | undefined): void {
    this.#now = this.#ports.now();
    if (serverNow !== undefined) this.#clockOffset = Math.max(this.#clockOffset ?? -Infinity, serverNow - this.#now);
    this.#board.applyPrices(list.prices);
    this.list = list;
    this.source = this.#board.source;
    this.polledAt = this.#board.polledAt;
    this.rows = new Map(list.symbols.map((symbol) => [symbol, rowOf(this.rows.get(symbol), this.#board.quote(symbol), this.#board.missing(symbol))]));
    this.phase = "live";
    this.#lastLiveAt = this.serverNow;
  }

  #fail(error: unknown): void {
    this.failure = error;
    if (!leadsNowhere(error)) this.phase = this.list ? "unreachable" : "opening";
    else {
      this.phase = error instanceof RequestError && error.status === 404 ? "nowhere" : "off";
      // What was shared is not to be seen any more.
      this.list = undefined;
    }
  }
}
