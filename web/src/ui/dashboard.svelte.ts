// What the components draw: the client's state as reactive values. Changes are gathered and drawn once per animation frame,
// however many messages came in it.

import { SvelteMap } from "svelte/reactivity";
import { Client } from "../api/client";
import type { Ports } from "../api/ports";
import type { Link } from "../model/age";
import { compareDecimals } from "../model/decimal";
import { Formats } from "../model/format";
import type { History, HistoryRange } from "../model/history";
import type { Instrument, Popular } from "../model/instrument";
import type { MissingReason, Quote, ServerConfig, SourceHealth, SymbolMatch, Timestamp } from "../model/types";
import type { ConnectionState } from "../model/words";
import { Toasts } from "./toasts.svelte";

const CLOCK_EVERY_MS = 1000;

/** What a card shows. */
export interface Row {
  quote: Quote | undefined;
  missing: MissingReason | undefined;
  /** Where the price went when it last changed on screen. */
  move: "up" | "down" | undefined;
  /** How often it changed, so that the same move twice is seen twice. */
  moves: number;
}

export class Dashboard {
  config = $state.raw<ServerConfig>();
  connection = $state.raw<ConnectionState>({ phase: "connecting" });
  source = $state.raw<SourceHealth>();
  /** When the source was last asked, in server time; 0 when not known. */
  polledAt = $state.raw<Timestamp>(0);
  /** The list in its order; absent until it has been read. */
  picks = $state.raw<readonly string[]>();
  startFailure = $state.raw<string>();
  /** Local time; it moves once a second while the page is visible. */
  now = $state.raw<Timestamp>(0);
  /** The symbol whose card is to be shown and marked. */
  highlighted = $state.raw<string>();
  /** What a screen reader is told; who sees the board sees it there. */
  announcement = $state.raw("");
  readonly rows = new SvelteMap<string, Row>();
  readonly toasts: Toasts;
  readonly formats: Formats;
  readonly #ports: Ports;
  readonly #client: Client;
  #lastLiveAt = $state.raw<Timestamp>(0);
  #clockOffset = $state.raw(0);
  readonly #changed = new Set<string>();
  /** Symbols whose rows are kept though they may be on no list, and by how many. */
  readonly #watched = new Map<string, number>();
  #sourceChanged = false;
  #frame: number | undefined;

  readonly link: Link = $derived({
    source: this.source,
    live: this.connection.phase === "live",
    lastLiveAt: this.#lastLiveAt,
  });

  constructor(ports: Ports) {
    this.#ports = ports;
    this.toasts = new Toasts(ports.timers);
    this.formats = new Formats(navigator.language);
    this.now = ports.now();
    this.#client = new Client(ports, {
      onConfig: (config) => {
        this.config = config;
      },
      onConnection: (state) => this.#connectionIs(state),
      onQuotes: (symbols) => {
        for (const symbol of symbols) this.#changed.add(symbol);
        this.#drawSoon();
      },
      onSource: () => {
        this.#sourceChanged = true;
        this.#drawSoon();
      },
      onPicks: (symbols) => this.#picksAre(symbols),
      onStartFailure: (detail) => {
        this.startFailure = detail;
      },
      onFailure: (detail) => this.toasts.show({ text: detail, tone: "bad" }),
      onNewSession: () =>
        this.toasts.show({ text: "Your session had ended. A new one, with an empty list, was made", tone: "warn" }),
    });
  }

  /** Server time. */
  get serverNow(): Timestamp {
    return this.now + this.#clockOffset;
  }

  start(): void {
    const tellHidden = (): void => {
      this.#client.setHidden(document.hidden);
      if (!document.hidden) this.now = this.#ports.now();
    };
    document.addEventListener("visibilitychange", tellHidden);
    window.addEventListener("online", () => this.#client.networkChanged());
    window.addEventListener("offline", () => this.#client.networkChanged());
    window.setInterval(() => {
      if (!document.hidden) this.now = this.#ports.now();
    }, CLOCK_EVERY_MS);
    tellHidden();
    this.#client.start();
  }

  retryNow(): void {
    this.#client.retryNow();
  }

  search(text: string, signal: AbortSignal): Promise<SymbolMatch[]> {
    return this.#client.search(text, signal);
  }

  instrument(symbol: string, signal: AbortSignal): Promise<Instrument> {
    return this.#client.instrument(symbol, signal);
  }

  history(symbol: string, range: HistoryRange, signal: AbortSignal): Promise<History> {
    return this.#client.history(symbol, range, signal);
  }

  trending(signal: AbortSignal): Promise<Popular> {
    return this.#client.trending(signal);
  }

  /** Keeps rows of symbols that are on no list, and their prices coming, until what is answered is called. */
  watch(symbols: readonly string[]): () => void {
    for (const symbol of symbols) {
      this.#watched.set(symbol, (this.#watched.get(symbol) ?? 0) + 1);
      if (!this.rows.has(symbol)) this.rows.set(symbol, this.#rowOf(symbol));
    }
    const end = this.#client.watch(symbols);
    return () => {
      end();
      for (const symbol of symbols) {
        const left = (this.#watched.get(symbol) ?? 0) - 1;
        if (left > 0) this.#watched.set(symbol, left);
        else this.#watched.delete(symbol);
      }
      this.#dropUnwanted();
    };
  }

  has(symbol: string): boolean {
    return this.picks?.includes(symbol) ?? false;
  }

  /** Follows a symbol; one that is followed already is shown instead. */
  async add(symbol: string): Promise<void> {
    if (this.has(symbol)) {
      this.highlight(symbol);
      return;
    }
    if (await this.#client.add(symbol)) this.announcement = `${symbol} is on your list now`;
  }

  async remove(symbol: string): Promise<void> {
    const at = this.picks?.indexOf(symbol) ?? -1;
    if (at < 0 || !(await this.#client.remove(symbol))) return;
    this.toasts.show({
      text: `${symbol} removed`,
      tone: "good",
      action: { label: "Undo", run: () => void this.#client.restore(symbol, at) },
    });
  }

  highlight(symbol: string): void {
    this.highlighted = undefined;
    this.highlighted = symbol;
  }

  #connectionIs(state: ConnectionState): void {
    if (this.connection.phase === "live" && state.phase !== "live") {
      this.#lastLiveAt = this.#ports.now() + this.#clockOffset;
    }
    this.connection = state;
    this.now = this.#ports.now();
    if (state.phase === "live") this.#readSource();
  }

  #picksAre(symbols: readonly string[]): void {
    this.picks = symbols;
    this.#dropUnwanted();
    for (const symbol of symbols) if (!this.rows.has(symbol)) this.rows.set(symbol, this.#rowOf(symbol));
  }

  #dropUnwanted(): void {
    const wanted = new Set([...(this.picks ?? []), ...this.#watched.keys()]);
    for (const symbol of [...this.rows.keys()].filter((symbol) => !wanted.has(symbol))) this.rows.delete(symbol);
  }

  #drawSoon(): void {
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = undefined;
      this.#draw();
    });
  }

  #draw(): void {
    for (const symbol of this.#changed) if (this.rows.has(symbol)) this.rows.set(symbol, this.#rowOf(symbol));
    this.#changed.clear();
    if (this.#sourceChanged) this.#readSource();
    this.polledAt = this.#client.board.polledAt;
  }

  #readSource(): void {
    this.#sourceChanged = false;
    this.source = this.#client.board.source;
    this.polledAt = this.#client.board.polledAt;
    this.#clockOffset = this.#client.board.clockOffset;
  }

  #rowOf(symbol: string): Row {
    const before = this.rows.get(symbol);
    const quote = this.#client.board.quote(symbol);
    const missing = this.#client.board.missing(symbol);
    const moved = quote?.price !== undefined && before?.quote?.price !== undefined;
    const difference = moved ? compareDecimals(shownPrice(quote), shownPrice(before.quote)) : 0;
    if (difference === 0) return { quote, missing, move: before?.move, moves: before?.moves ?? 0 };
    return { quote, missing, move: difference > 0 ? "up" : "down", moves: (before?.moves ?? 0) + 1 };
  }
}

function shownPrice(quote: Quote | undefined): string {
  return quote?.price ?? "0";
}
