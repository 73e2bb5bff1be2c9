// What happened to the user's alerts: told at once by the socket, and read again with each connection for what it missed.

import { AlertsApi } from "../api/alerts";
import { type InboxPage, mergeNotices, type Notice } from "../model/alerts";
import { nameInSentence } from "../model/words";
import type { Dashboard } from "./dashboard.svelte";

type Host = Pick<Dashboard, "ask" | "toasts" | "t" | "formats" | "view">;

export class Inbox {
  /** The newest first; absent until they have been read. */
  notices = $state.raw<readonly Notice[]>();
  /** How many of the newest 100 were not read. */
  unread = $state.raw(0);
  /** Where the older ones begin; absent when all are here. */
  next = $state.raw<string>();
  readonly #host: Host;
  #loaded = false;

  constructor(host: Host) {
    this.#host = host;
  }

  /** Reads the newest; without them what is here serves, and the next connection tries again. */
  async refresh(): Promise<void> {
    try {
      await this.load();
    } catch {
      // The inbox says so when it is opened; the board does not need it.
    }
  }

  async load(): Promise<void> {
    const before = this.notices ?? [];
    const page = await this.#ask((api) => api.inbox());
    // A gap between what is here and the newest page would hide what lies in it.
    const joined = this.#loaded && page.notifications.some(({ id }) => before.some((notice) => notice.id === id));
    this.notices = mergeNotices(joined ? before : [], page.notifications);
    if (!joined) this.next = page.next;
    this.#loaded = true;
    this.unread = page.unread;
  }

  async older(): Promise<void> {
    const from = this.next;
    if (from === undefined) return;
    const page: InboxPage = await this.#ask((api) => api.inbox(from));
    this.notices = mergeNotices(this.notices ?? [], page.notifications);
    this.next = page.next;
    this.unread = page.unread;
  }

  async read(ids: readonly string[] | "all"): Promise<void> {
    this.unread = await this.#ask((api) => api.read(ids));
    this.notices = this.notices?.map((notice) => (ids === "all" || ids.includes(notice.id) ? { ...notice, read: true } : notice));
  }

  arrived(notices: readonly Notice[]): void {
    const known = new Set(this.notices?.map(({ id }) => id));
    const fresh = notices.filter(({ id }) => !known.has(id));
    this.unread += fresh.filter(({ read }) => !read).length;
    this.notices = mergeNotices(this.notices ?? [], notices);
    for (const notice of fresh) this.#announce(notice);
  }

  #announce({ name, symbol, event, price }: Notice): void {
    const { t, formats, toasts, view } = this.#host;
    const shown = price === undefined ? "\u2013" : formats.price(price, 2);
    toasts.show({
      text: t(`alerts.${event}`, { name: nameInSentence(name), price: shown }),
      tone: event === "expired" ? "warn" : "good",
      action: { label: t("alerts.show"), run: () => view.open({ view: "symbol", symbol }) },
    });
  }

  #ask<T>(request: (api: AlertsApi) => Promise<T>): Promise<T> {
    return this.#host.ask((rest) => request(new AlertsApi(rest)));
  }
}
