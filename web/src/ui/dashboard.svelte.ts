// What the components draw: the client's state as reactive values. Changes are gathered and drawn once per animation frame,
// however many messages came in it.

import { SvelteMap } from "svelte/reactivity";
import { Client } from "../api/client";
import { failureWords } from "../api/failure";
import { forget } from "../api/memory";
import type { Ports } from "../api/ports";
import type { RestClient } from "../api/rest";
import type { Translate } from "../messages/translate";
import type { Link } from "../model/age";
import { filtered, sorted } from "../model/columns";
import type { Formats } from "../model/format";
import type { History, HistoryRange } from "../model/history";
import type { Instrument, Popular } from "../model/instrument";
import { moved } from "../model/picks";
import { rowOf, type Row } from "../model/row";
import type { Decimal, Preferences, Quote, ServerConfig, SourceHealth, SymbolMatch, Timestamp, Watchlist } from "../model/types";
import type { ConnectionState } from "../model/words";
import { Extras } from "./extras.svelte";
import { Inbox } from "./inbox.svelte";
import { Redraw } from "./redraw";
import { Settings } from "./settings.svelte";
import { Sight } from "./sight";
import { Since } from "./since.svelte";
import { Toasts } from "./toasts.svelte";
import { View } from "./view.svelte";

const CLOCK_EVERY_MS = 1000;

export class Dashboard {
  config = $state.raw<ServerConfig>();
  connection = $state.raw<ConnectionState>({ phase: "connecting" });
  source = $state.raw<SourceHealth>();
  /** When the source was last asked, in server time; 0 when not known. */
  polledAt = $state.raw<Timestamp>(0);
  lists = $state.raw<readonly Watchlist[]>([]);
  /** The list on screen; absent until it has been read. */
  active = $state.raw<Watchlist>();
  /** Edits that wait for a connection. */
  waiting = $state.raw(0);
  startFailure = $state.raw<string>();
  /** Local time; it moves once a second while the page is visible. */
  now = $state.raw<Timestamp>(0);
  /** The symbol whose card is to be shown and marked. */
  highlighted = $state.raw<string>();
  /** What a screen reader is told; who sees the board sees it there. */
  announcement = $state.raw("");
  readonly rows = new SvelteMap<string, Row>();
  /** Which rows of the board are in sight. */
  readonly sight: Sight;
  readonly toasts: Toasts;
  readonly settings: Settings;
  readonly view: View;
  readonly extras: Extras;
  readonly since: Since;
  readonly inbox: Inbox;
  readonly #ports: Ports;
  readonly #client: Client;
  #lastLiveAt = $state.raw<Timestamp>(0);
  #clockOffset = $state.raw(0);
  readonly #redraw: Redraw;
  /** Symbols whose rows are kept though they may be on no list, and by how many. */
  readonly #watched = new Map<string, number>();
  #sourceChanged = false;
  #pricesChanged = false;
  /** Moves when prices have come, for what is made of all of them. */
  #prices = $state.raw(0);

  readonly link: Link = $derived({
    source: this.source,
    live: this.connection.phase === "live",
    lastLiveAt: this.#lastLiveAt,
  });
  /** The symbols of the list in its own order; absent until it has been read. */
  readonly picks = $derived(this.active?.symbols);
  /** Those of them that are shown, in the order they are shown in. */
  readonly shown: readonly string[] = $derived.by(() => {
    const quoteOf = (symbol: string): Quote | undefined => {
      void this.#prices;
      return this.latest(symbol);
    };
    const { filter, sorting, layout } = this.view;
    const some = filter.trim() === "" ? (this.picks ?? []) : filtered(this.picks ?? [], filter, quoteOf, this.active?.notes);
    const order = layout === "table" ? sorted(some, sorting, quoteOf, this.#collator.compare) : some;
    // The same array while nothing changes places, so that nobody goes through the list again.
    if (order.length !== this.#order.length || order.some((symbol, at) => symbol !== this.#order[at])) this.#order = order;
    return this.#order;
  });
  readonly #collator = $derived.by(() => new Intl.Collator(this.settings.locale));
  #order: readonly string[] = [];

  constructor(ports: Ports) {
    this.#ports = ports;
    this.toasts = new Toasts(ports.timers);
    this.settings = new Settings(ports.storage);
    this.view = new View(ports.storage);
    this.now = ports.now();
    this.#redraw = new Redraw({ timers: ports.timers, requestFrame: (callback) => requestAnimationFrame(callback) }, (symbols, inSight) => this.#draw(symbols, inSight));
    this.sight = new Sight(this.#redraw);
    const fail = (error: unknown): void => this.toasts.show({ text: failureWords(error, this.t), tone: "bad" });
    const warn = (text: string): void => this.toasts.show({ text, tone: "warn" });
    this.#client = new Client(ports, {
      onConfig: (config) => {
        this.config = config;
      },
      onConnection: (state) => this.#connectionIs(state),
      onQuotes: (symbols) => {
        this.#pricesChanged = true;
        this.#redraw.changed(symbols, (symbol) => this.rows.get(symbol)?.quote === undefined);
      },
      onSource: () => {
        this.#sourceChanged = true;
        this.#redraw.soon();
      },
      onLists: (lists, active) => this.#listsAre(lists, active),
      onSession: () => {
        void this.#readPreferences();
        void this.inbox.refresh();
      },
      onNotices: (notices) => this.inbox.arrived(notices),
      onStartFailure: (error) => {
        this.startFailure = error === undefined ? undefined : failureWords(error, this.t);
      },
      onFailure: fail,
      onMerge: (name) => warn(this.t("list.merged", { name })),
      onWaiting: (count) => {
        if (count > this.waiting) warn(this.t("list.queued"));
        this.waiting = count;
      },
      onDeletedElsewhere: (name) => warn(this.t("list.deleted_elsewhere", { name })),
      onNewSession: () => warn(this.t("error.session_ended")),
      listName: () => this.t("list.default_name"),
    });
    this.extras = new Extras(ports, this.#client);
    this.since = new Since(ports, () => this.#latestPrices());
    this.inbox = new Inbox(this);
  }

  get t(): Translate {
    return this.settings.t;
  }

  get formats(): Formats {
    return this.settings.formats;
  }

  /** Server time. */
  get serverNow(): Timestamp {
    return this.now + this.#clockOffset;
  }

  /** The newest quote, which the screen may not show yet. Nothing follows it when it changes: views read `rows`. */
  latest(symbol: string): Quote | undefined {
    return this.#client.board.quote(symbol);
  }

  async start(): Promise<void> {
    await this.settings.ready();
    const tellHidden = (): void => {
      this.#client.setHidden(document.hidden);
      if (document.hidden) this.since.leave();
      else this.now = this.#ports.now();
    };
    document.addEventListener("visibilitychange", tellHidden);
    window.addEventListener("online", () => this.#client.networkChanged());
    window.addEventListener("offline", () => this.#client.networkChanged());
    window.addEventListener("beforeprint", () => this.#redraw.all());
    window.setInterval(() => {
      if (document.hidden) return;
      this.now = this.#ports.now();
      this.since.look(this.connection.phase === "live");
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

  /** Asks the server for something, as soon as there is a session. */
  ask<T>(request: (rest: RestClient) => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.#client.ask(request, signal);
  }

  instrument(symbol: string, signal: AbortSignal): Promise<Instrument> {
    return this.ask((rest) => rest.instrument(symbol, signal), signal);
  }

  history(symbol: string, range: HistoryRange, signal: AbortSignal): Promise<History> {
    return this.ask((rest) => rest.history(symbol, range, signal), signal);
  }

  trending(signal: AbortSignal): Promise<Popular> {
    return this.ask((rest) => rest.trending(signal), signal);
  }

  /** Keeps rows of symbols that are on no list, and their prices coming, until what is answered is called. */
  watch(symbols: readonly string[]): () => void {
    for (const symbol of symbols) this.#watched.set(symbol, (this.#watched.get(symbol) ?? 0) + 1);
    this.#keepRows();
    const end = this.#client.watch(symbols);
    return () => {
      end();
      for (const symbol of symbols) {
        const left = (this.#watched.get(symbol) ?? 0) - 1;
        if (left > 0) this.#watched.set(symbol, left);
        else this.#watched.delete(symbol);
      }
      this.#keepRows();
    };
  }

  has(symbol: string): boolean {
    return this.picks?.includes(symbol) ?? false;
  }

  /** Follows a symbol; one that is followed already is shown instead. */
  async add(symbol: string): Promise<void> {
    if (this.has(symbol)) {
      this.view.filter = "";
      this.view.open({ view: "board" });
      this.highlight(symbol);
      return;
    }
    if (await this.#client.add(symbol)) this.announcement = this.t("list.added", { symbol });
  }

  async remove(symbol: string): Promise<void> {
    const at = this.picks?.indexOf(symbol) ?? -1;
    const list = this.active?.id;
    if (at < 0 || !(await this.#client.remove(symbol))) return;
    this.toasts.show({
      text: this.t("list.removed", { symbol }),
      tone: "good",
      action: { label: this.t("list.undo"), run: () => void this.#client.restore(symbol, at, list) },
    });
  }

  /** Puts a symbol at another place of the list, and says where it is now. */
  move(symbol: string, to: number): void {
    const before = this.picks ?? [];
    const symbols = moved(before, symbol, to);
    const place = symbols.indexOf(symbol);
    if (symbols.every((one, at) => one === before[at])) return;
    this.announcement = this.t("order.moved", { symbol, place: place + 1, count: symbols.length });
    void this.#client.edit({ kind: "arrange", symbols });
  }

  async sortAlphabetically(): Promise<void> {
    const { compare } = new Intl.Collator(this.settings.locale, { numeric: true });
    const symbols = [...(this.picks ?? [])].sort(compare);
    if (await this.#client.edit({ kind: "arrange", symbols })) this.announcement = this.t("list.sorted");
  }

  note(symbol: string, text: string): Promise<boolean> {
    return this.#client.edit({ kind: "note", symbol, text: text.trim() });
  }

  show(id: string): void {
    this.view.filter = "";
    void this.#client.show(id);
  }

  /** Shows the list so many places further on, round the end. */
  showNeighbour(step: 1 | -1): void {
    const at = this.lists.findIndex((list) => list.id === this.active?.id);
    const next = this.lists.at((at + step) % this.lists.length);
    if (next) this.show(next.id);
  }

  async createList(name: string): Promise<boolean> {
    const created = await this.#client.createList(name.trim());
    if (created) this.announcement = this.t("list.created", { name: name.trim() });
    return created;
  }

  renameList(id: string, name: string): Promise<boolean> {
    return this.#client.edit({ kind: "rename", name: name.trim() }, id);
  }

  async deleteList(list: Watchlist): Promise<void> {
    if (await this.#client.deleteList(list.id)) this.toasts.show({ text: this.t("list.deleted", { name: list.name }), tone: "good" });
  }

  readListsAgain(): Promise<void> {
    return this.#client.readAgain();
  }

  /** Keeps preferences on the server and shows them at once. Answers whether the server has them. */
  async prefer(change: Partial<Preferences>, gone: readonly (keyof Preferences)[] = []): Promise<boolean> {
    const wanted = { ...this.settings.preferences, ...change };
    for (const key of gone) delete wanted[key];
    await this.settings.take(wanted);
    this.#convert();
    try {
      await this.ask((rest) => rest.replacePreferences(wanted));
      return true;
    } catch (error) {
      this.toasts.show({ text: failureWords(error, this.t), tone: "bad" });
      return false;
    }
  }

  /** Another account takes over, or none: nothing of this one stays. */
  startOver(): void {
    this.#client.stop();
    forget(this.#ports.storage);
    location.hash = "#/";
    location.reload();
  }

  highlight(symbol: string): void {
    this.highlighted = undefined;
    this.highlighted = symbol;
  }

  async #readPreferences(): Promise<void> {
    try {
      await this.settings.take(await this.ask((rest) => rest.preferences()));
      this.#convert();
    } catch {
      // What this browser keeps serves until the next connection.
    }
  }

  #connectionIs(state: ConnectionState): void {
    if (this.connection.phase === "live" && state.phase !== "live") {
      this.#lastLiveAt = this.#ports.now() + this.#clockOffset;
    }
    this.connection = state;
    this.now = this.#ports.now();
    if (state.phase === "live") this.#readSource();
  }

  #listsAre(lists: readonly Watchlist[], active: Watchlist): void {
    this.lists = lists;
    this.active = active;
    this.#keepRows();
    this.extras.draw(active.symbols);
    this.#convert();
  }

  /** One row for each symbol on screen, and no others. */
  #keepRows(): void {
    const wanted = new Set([...(this.active?.symbols ?? []), ...this.#watched.keys()]);
    for (const symbol of [...this.rows.keys()].filter((symbol) => !wanted.has(symbol))) this.rows.delete(symbol);
    for (const symbol of wanted) if (!this.rows.has(symbol)) this.rows.set(symbol, this.#rowOf(symbol));
  }

  #draw(symbols: readonly string[], inSight: boolean): void {
    for (const symbol of symbols) if (this.rows.has(symbol)) this.rows.set(symbol, this.#rowOf(symbol, inSight));
    if (this.#sourceChanged) this.#readSource();
    this.polledAt = this.#client.board.polledAt;
    if (!this.#pricesChanged) return;
    this.#pricesChanged = false;
    this.#prices += 1;
    this.#convert();
  }

  #convert(): void {
    const quotes = [...this.rows.keys()].map((symbol) => this.latest(symbol));
    this.extras.convert(quotes, this.settings.preferences.currency);
  }

  #latestPrices(): Record<string, Decimal> {
    const prices: Record<string, Decimal> = {};
    for (const symbol of this.rows.keys()) {
      const price = this.latest(symbol)?.price;
      if (price !== undefined) prices[symbol] = price;
    }
    return prices;
  }

  #readSource(): void {
    this.#sourceChanged = false;
    this.source = this.#client.board.source;
    this.polledAt = this.#client.board.polledAt;
    this.#clockOffset = this.#client.board.clockOffset;
  }

  #rowOf(symbol: string, inSight = true): Row {
    return rowOf(this.rows.get(symbol), this.#client.board.quote(symbol), this.#client.board.missing(symbol), inSight);
  }
}
