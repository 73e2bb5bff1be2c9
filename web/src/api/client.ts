// What the user interface talks to: the start flow, the list and its edits, the prices. It holds the model and tells what
// changed; it draws nothing.

import { Board } from "../model/board";
import { type Edit, Picks, withInserted } from "../model/picks";
import type { History, HistoryRange } from "../model/history";
import type { Instrument, Popular } from "../model/instrument";
import type { Frame, Prices, ServerConfig, SymbolMatch, Watchlist } from "../model/types";
import type { ConnectionState } from "../model/words";
import { LiveConnection } from "./live";
import type { Ports } from "./ports";
import { RequestError, RestClient } from "./rest";
import { Watches } from "./watches";

export interface ClientEvents {
  onConfig(config: ServerConfig): void;
  onConnection(state: ConnectionState): void;
  /** These symbols have a new quote, or a new reason for having none. */
  onQuotes(symbols: readonly string[]): void;
  onSource(): void;
  onPicks(symbols: readonly string[]): void;
  /** Starting did not work; it is tried again. `undefined` when it then did. */
  onStartFailure(detail: string | undefined): void;
  onFailure(detail: string): void;
  /** The session was gone and a new one, with an empty list, was made. */
  onNewSession(): void;
}

export class Client {
  readonly board = new Board();
  readonly #ports: Ports;
  readonly #events: ClientEvents;
  readonly #rest: RestClient;
  readonly #live: LiveConnection;
  readonly #watches = new Watches((frame) => this.#live.send(frame));
  #config: ServerConfig | undefined;
  #picks: Picks | undefined;
  readonly #begun: Promise<void>;
  #tellBegun: () => void = () => undefined;
  #renewal: Promise<void> | undefined;
  /** Edits go out one after the other, so that a removal and its undoing cannot overtake each other. */
  #edits: Promise<unknown> = Promise.resolve();

  constructor(ports: Ports, events: ClientEvents) {
    this.#ports = ports;
    this.#events = events;
    this.#rest = new RestClient(ports);
    this.#begun = new Promise((resolve) => {
      this.#tellBegun = resolve;
    });
    this.#live = new LiveConnection(ports, {
      prepare: () => this.#prepare(),
      onState: (state) => {
        if (state.phase !== "live") this.board.connectionLost();
        events.onConnection(state);
        if (state.phase === "live") this.#watches.tellAll();
      },
      onFrame: (frame) => this.#receive(frame),
      lastTick: () => this.board.lastTick,
    });
  }

  start(): void {
    this.#live.start();
  }

  stop(): void {
    this.#live.stop();
  }

  setHidden(hidden: boolean): void {
    this.#live.setPaused(hidden);
  }

  networkChanged(): void {
    this.#live.networkChanged();
  }

  retryNow(): void {
    this.#live.retryNow();
  }

  search(text: string, signal: AbortSignal): Promise<SymbolMatch[]> {
    return this.#withSession(() => this.#rest.search(text, signal));
  }

  /** Keeps the prices of symbols coming that are on no list, until what is answered is called. */
  watch(symbols: readonly string[]): () => void {
    const unknown = symbols.filter((symbol) => !this.board.quote(symbol) && !this.board.missing(symbol));
    void this.#begun.then(() => this.#fetchQuotes(unknown));
    return this.#watches.watch(symbols);
  }

  instrument(symbol: string, signal: AbortSignal): Promise<Instrument> {
    return this.#onceBegun(() => this.#rest.instrument(symbol, signal), signal);
  }

  history(symbol: string, range: HistoryRange, signal: AbortSignal): Promise<History> {
    return this.#onceBegun(() => this.#rest.history(symbol, range, signal), signal);
  }

  trending(signal: AbortSignal): Promise<Popular> {
    return this.#onceBegun(() => this.#rest.trending(signal), signal);
  }

  /** Puts a symbol on the list. Answers whether it is there now. */
  async add(symbol: string): Promise<boolean> {
    if (!this.#picks || this.#picks.symbols.includes(symbol)) return false;
    const added = await this.#edit({ kind: "add", symbol }, (list) => this.#rest.addSymbol(list.id, symbol));
    if (added) await this.#fetchQuotes([symbol]);
    return added;
  }

  async remove(symbol: string): Promise<boolean> {
    return this.#edit({ kind: "remove", symbol }, (list) => this.#rest.removeSymbol(list.id, symbol));
  }

  /** Undoes a removal: the symbol goes back to its place, or to the end when the list has changed meanwhile. */
  async restore(symbol: string, at: number): Promise<boolean> {
    const restored = await this.#edit({ kind: "add", symbol, at }, async (list) => {
      // Added again meanwhile: a list has no symbol twice.
      if (list.symbols.includes(symbol)) return list;
      try {
        return await this.#rest.replaceSymbols(list, withInserted(list.symbols, symbol, at));
      } catch (error) {
        if (error instanceof RequestError && error.status === 412) return this.#rest.addSymbol(list.id, symbol);
        throw error;
      }
    });
    if (restored) await this.#fetchQuotes([symbol]);
    return restored;
  }

  async #prepare(): Promise<string> {
    try {
      if (!this.#config) {
        this.#config = await this.#rest.config();
        this.#events.onConfig(this.#config);
        await this.#rest.beginSession();
      }
      await this.#withSession(() => this.#readList());
      this.#tellBegun();
      const ticket = await this.#withSession(() => this.#rest.webSocketTicket());
      this.#events.onStartFailure(undefined);
      return `${this.#config.ws_path}?ticket=${encodeURIComponent(ticket)}`;
    } catch (error) {
      this.#events.onStartFailure(detailOf(error));
      throw error;
    }
  }

  /** On every connection, because the list may have changed while there was none. */
  async #readList(): Promise<void> {
    await this.#take(await this.#rest.firstWatchlist());
  }

  async #take(list: Watchlist): Promise<void> {
    if (!this.#picks || this.#picks.list.id !== list.id) this.#picks = new Picks(list);
    else if (!this.#picks.accept(list)) return;
    this.#tellPicks();
    const unknown = list.symbols.filter((symbol) => !this.board.quote(symbol) && !this.board.missing(symbol));
    await this.#fetchQuotes(unknown);
  }

  #receive(frame: Frame): void {
    if (frame.type === "list") {
      if (frame.list.id !== this.#picks?.list.id) return;
      const taken = frame.list.deleted ? this.#withSession(() => this.#readList()) : this.#take(frame.list);
      taken.catch((error: unknown) => this.#events.onFailure(detailOf(error)));
      return;
    }
    const changes = this.board.apply(frame, this.#ports.now());
    if (changes.symbols.length > 0) this.#events.onQuotes(changes.symbols);
    if (changes.source) this.#events.onSource();
  }

  /** Prices by REST, for what the socket has not brought yet. Without them the socket's next message serves. */
  async #fetchQuotes(symbols: readonly string[]): Promise<void> {
    if (symbols.length === 0) return;
    let prices: Prices;
    try {
      prices = await this.#rest.quotes(symbols);
    } catch {
      return;
    }
    const changes = this.board.applyPrices(prices);
    if (changes.symbols.length > 0) this.#events.onQuotes(changes.symbols);
    if (changes.source) this.#events.onSource();
  }

  async #edit(edit: Edit, send: (list: Watchlist) => Promise<Watchlist>): Promise<boolean> {
    this.#picks?.begin(edit);
    this.#tellPicks();
    const outcome = this.#edits.then(async () => {
      try {
        const list = await this.#withSession(() => send(this.#listNow()));
        this.#picks?.accept(list);
        return true;
      } catch (error) {
        this.#events.onFailure(detailOf(error));
        return false;
      } finally {
        this.#picks?.end(edit);
        this.#tellPicks();
      }
    });
    this.#edits = outcome;
    return outcome;
  }

  #listNow(): Watchlist {
    if (!this.#picks) throw new RequestError(0, "not_started", "The list has not been loaded yet");
    return this.#picks.list;
  }

  #tellPicks(): void {
    if (this.#picks) this.#events.onPicks(this.#picks.symbols);
  }

  /** For what a view asks as soon as it is there, which may be before there is a session. */
  async #onceBegun<T>(request: () => Promise<T>, signal: AbortSignal): Promise<T> {
    await this.#begun;
    signal.throwIfAborted();
    return this.#withSession(request);
  }

  /** Does `request`, and once more with a new session when the session was gone. */
  async #withSession<T>(request: () => Promise<T>): Promise<T> {
    try {
      return await request();
    } catch (error) {
      if (!(error instanceof RequestError) || error.status !== 401) throw error;
    }
    // Requests that fail together must not each make a guest.
    this.#renewal ??= this.#renewSession().finally(() => {
      this.#renewal = undefined;
    });
    await this.#renewal;
    return request();
  }

  async #renewSession(): Promise<void> {
    await this.#rest.beginSession();
    const list = await this.#rest.firstWatchlist();
    const hadAnother = this.#picks !== undefined && this.#picks.list.id !== list.id;
    await this.#take(list);
    if (hadAnother) {
      this.#events.onNewSession();
      // The socket still belongs to the old user.
      this.#live.restart();
    }
  }
}

function detailOf(error: unknown): string {
  return error instanceof RequestError ? error.message : "Something went wrong in this page; reloading it may help";
}
