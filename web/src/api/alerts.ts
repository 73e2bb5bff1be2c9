// The part of the REST API that is about alerts and the inbox.

import type { Alert, AlertAction, AlertTerms, Check, InboxPage, Receipt } from "../model/alerts";
import { decodeAlert, decodeAlerts, decodeCheck, decodeInbox, decodeReceipts, decodeUnread } from "../model/decode-alerts";
import { expected, type RestClient } from "./rest";

const INBOX_AT_ONCE = 30;

export class AlertsApi {
  readonly #rest: RestClient;

  constructor(rest: RestClient) {
    this.#rest = rest;
  }

  async list(): Promise<Alert[]> {
    return decodeAlerts(await this.#rest.send("GET", "/alerts"));
  }

  async create(symbol: string, terms: AlertTerms): Promise<Alert> {
    return expected(decodeAlert(await this.#rest.send("POST", "/alerts", { body: { symbol, ...terms } })));
  }

  /** How an alert would stand if it were made now. */
  async preview(symbol: string, terms: AlertTerms, signal: AbortSignal): Promise<Check> {
    return expected(decodeCheck(await this.#rest.send("POST", "/alerts/preview", { body: { symbol, ...terms }, signal })));
  }

  /** Gives an alert other terms, unless it was changed since it was read (then 412). */
  async replace(alert: Alert, terms: AlertTerms): Promise<Alert> {
    const headers = { "if-match": `"${alert.version}"` };
    return expected(decodeAlert(await this.#rest.send("PUT", alertPath(alert.id), { body: terms, headers })));
  }

  async remove(id: string): Promise<void> {
    await this.#rest.send("DELETE", alertPath(id));
  }

  async act(id: string, action: AlertAction): Promise<Alert> {
    return expected(decodeAlert(await this.#rest.send("POST", `${alertPath(id)}/actions`, { body: { action } })));
  }

  async receipts(id: string): Promise<Receipt[]> {
    return decodeReceipts(await this.#rest.send("GET", `${alertPath(id)}/receipts`));
  }

  async inbox(before?: string): Promise<InboxPage> {
    const from = before === undefined ? "" : `&before=${encodeURIComponent(before)}`;
    return expected(decodeInbox(await this.#rest.send("GET", `/notifications?limit=${INBOX_AT_ONCE}${from}`)));
  }

  /** Notes that these were read, or all. Answers how many are left. */
  async read(ids: readonly string[] | "all"): Promise<number> {
    const body = ids === "all" ? { all: true } : { ids };
    return decodeUnread(await this.#rest.send("POST", "/notifications/read", { body }));
  }
}

function alertPath(id: string): string {
  return `/alerts/${encodeURIComponent(id)}`;
}
