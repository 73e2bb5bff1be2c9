// What the user interface talks to: the start flow, the lists and their edits, the prices. It holds the model and tells
// what changed; it draws nothing.

import type { Notice } from "../model/alerts";
import { Board } from "../model/board";
import { Lists } from "../model/lists";
import type { Edit } from "../model/picks";
import type { Frame, Prices, ServerConfig, SymbolMatch, Watchlist } from "../model/types";
import type { ConnectionState } from "../model/words";
import { Edits } from "./edits";
import { LiveConnection } from "./live";
import { recall, remember } from "./memory";
import type { Ports } from "./ports";
import { RequestError, RestClient } from "./rest";
import { Watches } from "./watches";

/** How many symbols one request for prices names. */
const QUOTES_AT_ONCE = 100;
/** Between two savings of what is known, while it changes. */
const SAVE_AFTER_MS = 10_000;

export interface ClientEvents {
  onConfig(config: ServerConfig): void;
  onConnection(state: ConnectionState): void;
  /** These symbols have a new quote, or a new reason for having none. */
  onQuotes(symbols: readonly string[]): void;
  onSource(): void;
  /** The lists as the screen shows them, and which of them is on it. */
  onLists(lists: readonly Watchlist[], active: Watchlist): void;
  /** There is a session: what belongs to the user can be asked for. */
  onSession(): void;
  /** Something happened to the user's alerts. */
  onNotices(notices: readonly Notice[]): void;
  /** Starting did not work; it is tried again. `undefined` when it then did. */
  onStartFailure(error: unknown): void;
  onFailure(error: unknown): void;
  onMerge(name: string): void;
  onWaiting(count: number): void;
  onDeletedElsewhere(name: string): void;
  /** The session was gone and a new one, with an empty list, was made. */
  onNewSession(): void;
  /** What a first list is called. */
  listName(): string;
}

export class Client {
  readonly board = new Board();
  readonly #ports: Ports;
  readonly #events: ClientEvents;
  readonly #rest: RestClient;
  readonly #live: LiveConnection;
  readonly #lists: Lists;
  readonly #edits: Edits;
  readonly #watches = new Watches((frame) => this.#live.send(frame));
  readonly #begun: Promise<void>;
  #tellBegun: () => void = () => undefined;
  #renewal: Promise<void> | undefined;
  #phase: ConnectionState["phase"] = "connecting";
  #config: ServerConfig | undefined;
  #saving: number | undefined;

  constructor(ports: Ports, events: ClientEvents) {
    this.#ports = ports;
    this.#events = events;
    this.#rest = new RestClient(ports);
    this.#begun = new Promise((resolve) => {
      this.#tellBegun = resolve;
    });
    const kept = recall(ports.storage);
    this.#lists = new Lists(kept?.active);
    if (kept) {
      this.#lists.replace(kept.lists);
      this.board.applyPrices({ tick: -1, polled_at: 0, quotes: kept.quotes, missing: [] });
    }
    this.#live = new LiveConnection(ports, {
      prepare: () => this.#prepare(),
      onState: (state) => {
        this.#phase = state.phase;
        if (state.phase !== "live") this.board.connectionLost();
        events.onConnection(state);
        if (state.phase === "live") this.#watches.tellAll();
      },
      onFrame: (frame) => this.#receive(frame),
      lastTick: () => this.board.lastTick,
    });
    this.#edits = new Edits(
      {
        rest: this.#rest,
        lists: this.#lists,
        storage: ports.storage,
        withSession: (request) => this.#withSession(request),
        connected: () => this.#phase === "live" || this.#phase === "connecting",
      },
      {
        onChange: () => this.#tellLists(),
        onFailure: events.onFailure,
        onMerge: events.onMerge,
        onWaiting: events.onWaiting,
      },
    );
  }

  start(): void {
    this.#edits.recall();
    this.#tellLists();
    this.#live.start();
  }

  stop(): void {
    this.#live.stop();
    if (this.#saving !== undefined) this.#ports.timers.clear(this.#saving);
    this.#saving = undefined;
  }

  setHidden(hidden: boolean): void {
    if (hidden) this.#save();
    this.#live.setPaused(hidden);
  }

  networkChanged(): void {
    this.#live.networkChanged();
  }

  retryNow(): void {
    this.#live.retryNow();
  }

  /** Keeps the prices of symbols coming that are on no list, until what is answered is called. */
  watch(symbols: readonly string[]): () => void {
    const unknown = symbols.filter((symbol) => !this.board.quote(symbol) && !this.board.missing(symbol));
    void this.#begun.then(() => this.#fetchQuotes(unknown));
    return this.#watches.watch(symbols);
  }

  search(text: string, signal: AbortSignal): Promise<SymbolMatch[]> {
    return this.#withSession(() => this.#rest.search(text, signal));
  }

  /** Asks the server for something, with a session: a view may ask before there is one. */
  async ask<T>(request: (rest: RestClient) => Promise<T>, signal?: AbortSignal): Promise<T> {
    await this.#begun;
    signal?.throwIfAborted();
    return this.#withSession(() => request(this.#rest));
  }

  /** Puts a list on screen. */
  async show(id: string): Promise<void> {
    this.#lists.activate(id);
    this.#tellLists();
    await this.#fetchUnknown();
  }

  async createList(name: string): Promise<boolean> {
    return this.#tried(async () => {
      const list = await this.#withSession(() => this.#rest.createWatchlist(name));
      this.#lists.accept(list);
      await this.show(list.id);
    });
  }

  async deleteList(id: string): Promise<boolean> {
    return this.#tried(async () => {
      await this.#withSession(() => this.#rest.deleteWatchlist(id));
      this.#lists.remove(id);
      if (this.#lists.isEmpty) await this.#withSession(() => this.#readLists());
      this.#tellLists();
    });
  }

  /** Makes an edit to the list on screen, or to another one. Answers whether it was made or is kept to be made. */
  edit(edit: Edit, list = this.#lists.active?.list.id ?? ""): Promise<boolean> {
    return this.#edits.make(list, edit);
  }

  /** Puts a symbol on the list. Answers whether it is there now. */
  async add(symbol: string): Promise<boolean> {
    if (this.#lists.active?.symbols.includes(symbol) ?? true) return false;
    const added = await this.edit({ kind: "add", symbol });
    if (added) await this.#fetchQuotes([symbol]);
    return added;
  }

  remove(symbol: string): Promise<boolean> {
    return this.edit({ kind: "remove", symbol });
  }

  /** Undoes a removal: the symbol goes back to its place, or to the end when the list has changed meanwhile. */
  async restore(symbol: string, at: number, list?: string): Promise<boolean> {
    const restored = await this.edit({ kind: "add", symbol, at }, list);
    if (restored) await this.#fetchQuotes([symbol]);
    return restored;
  }

  /** Reads the lists again, after an import for instance. */
  async readAgain(): Promise<void> {
    await this.#withSession(() => this.#readLists());
  }

  async #prepare(): Promise<string> {
    try {
      if (!this.#config) {
        this.#config = await this.#rest.config();
        this.#events.onConfig(this.#config);
        await this.#rest.beginSession();
      }
      await this.#withSession(() => this.#readLists());
      this.#tellBegun();
      await this.#edits.sendWaiting();
      this.#events.onSession();
      const ticket = await this.#withSession(() => this.#rest.webSocketTicket());
      this.#events.onStartFailure(undefined);
      return `${this.#config.ws_path}?ticket=${encodeURIComponent(ticket)}`;
    } catch (error) {
      this.#events.onStartFailure(error);
      throw error;
    }
  }

  /** On every connection, because lists may have changed while there was none. Answers whether they are the same user's. */
  async #readLists(): Promise<boolean> {
    let lists = await this.#rest.watchlists();
    if (lists.length === 0) lists = [await this.#rest.createWatchlist(this.#events.listName())];
    const hadSome = !this.#lists.isEmpty;
    const kept = this.#lists.replace(lists);
    this.#tellLists();
    await this.#fetchUnknown();
    return kept || !hadSome;
  }

  #receive(frame: Frame): void {
    if (frame.type === "list") {
      this.#takeList(frame.list).catch((error: unknown) => this.#events.onFailure(error));
      return;
    }
    if (frame.type === "alert") {
      this.#events.onNotices(frame.notifications);
      return;
    }
    const changes = this.board.apply(frame, this.#ports.now());
    this.#tellPrices(changes);
  }

  async #takeList(list: Watchlist): Promise<void> {
    if (!list.deleted) {
      if (!this.#lists.accept(list)) return;
      this.#tellLists();
      return this.#fetchUnknown();
    }
    const name = this.#lists.remove(list.id);
    if (name === undefined) return;
    this.#events.onDeletedElsewhere(name);
    if (this.#lists.isEmpty) await this.#withSession(() => this.#readLists());
    this.#tellLists();
  }

  /** Prices of the list on screen that have not come; the others come with the socket. */
  #fetchUnknown(): Promise<void> {
    const symbols = this.#lists.active?.symbols ?? [];
    return this.#fetchQuotes(symbols.filter((symbol) => !this.board.quote(symbol) && !this.board.missing(symbol)));
  }

  /** Prices by REST, for what the socket has not brought yet. Without them the socket's next message serves. */
  async #fetchQuotes(symbols: readonly string[]): Promise<void> {
    for (let from = 0; from < symbols.length; from += QUOTES_AT_ONCE) {
      let prices: Prices;
      try {
        prices = await this.#rest.quotes(symbols.slice(from, from + QUOTES_AT_ONCE));
      } catch {
        return;
      }
      this.#tellPrices(this.board.applyPrices(prices));
    }
  }

  #tellPrices(changes: { symbols: readonly string[]; source: boolean }): void {
    if (changes.symbols.length > 0) {
      this.#events.onQuotes(changes.symbols);
      this.#saveSoon();
    }
    if (changes.source) this.#events.onSource();
  }

  #tellLists(): void {
    const active = this.#lists.active;
    if (!active) return;
    this.#events.onLists(this.#lists.shown, active.shown);
    if (this.#config) this.#saveSoon();
  }

  #saveSoon(): void {
    this.#saving ??= this.#ports.timers.set(() => this.#save(), SAVE_AFTER_MS);
  }

  #save(): void {
    if (this.#saving !== undefined) this.#ports.timers.clear(this.#saving);
    this.#saving = undefined;
    const { active } = this.#lists;
    if (active && this.#config) remember(this.#ports.storage, this.#lists.shown, active.list.id, this.board, this.#ports.now());
  }

  async #tried(action: () => Promise<void>): Promise<boolean> {
    try {
      await action();
      return true;
    } catch (error) {
      this.#events.onFailure(error);
      return false;
    }
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
    if (await this.#readLists()) return;
    this.#events.onNewSession();
    // The socket still belongs to the old user.
    this.#live.restart();
  }
}
