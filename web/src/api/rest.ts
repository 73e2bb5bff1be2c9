// The REST API. A failed request throws a `RequestError` that carries the server's own words.

import {
  decodeConfig,
  decodeMatches,
  decodePrices,
  decodeWatchlist,
  decodeWatchlists,
} from "../model/decode";
import { decodeHistory, type History, type HistoryRange } from "../model/history";
import { decodeInstrument, decodePopular, type Instrument, type Popular } from "../model/instrument";
import type { Prices, ServerConfig, SymbolMatch, Watchlist } from "../model/types";
import type { Ports } from "./ports";

const BASE = "/api/v1";
const TIMEOUT_MS = 15_000;

export class RequestError extends Error {
  /** The HTTP status; 0 when no answer came. */
  readonly status: number;
  /** The server's stable word for what went wrong. */
  readonly code: string;

  constructor(status: number, code: string, detail: string) {
    super(detail);
    this.name = "RequestError";
    this.status = status;
    this.code = code;
  }
}

async function failureOf(response: Response): Promise<RequestError> {
  let detail: unknown;
  let code: unknown;
  try {
    ({ detail, code } = (await response.json()) as { detail?: unknown; code?: unknown });
  } catch {
    // Not from our server: a proxy's page. The status is all there is.
  }
  return new RequestError(
    response.status,
    typeof code === "string" ? code : "",
    typeof detail === "string" && detail !== "" ? detail : `The server answered ${response.status}`,
  );
}

function expected<T>(value: T | undefined): T {
  if (value === undefined) throw new RequestError(0, "bad_answer", "The server's answer could not be read");
  return value;
}

export class RestClient {
  readonly #ports: Pick<Ports, "fetch">;

  constructor(ports: Pick<Ports, "fetch">) {
    this.#ports = ports;
  }

  async config(): Promise<ServerConfig> {
    return decodeConfig(await this.#call("GET", "/config"));
  }

  /** Makes a guest with a session in a cookie; changes nothing when there is a good one already. */
  async beginSession(): Promise<void> {
    await this.#call("POST", "/session", { body: {} });
  }

  /** The list that the board shows; made when the user has none. */
  async firstWatchlist(): Promise<Watchlist> {
    const [first] = decodeWatchlists(await this.#call("GET", "/watchlists"));
    return first ?? expected(decodeWatchlist(await this.#call("POST", "/watchlists", { body: { name: "My picks" } })));
  }

  async addSymbol(listId: string, symbol: string): Promise<Watchlist> {
    return expected(decodeWatchlist(await this.#call("PUT", symbolPath(listId, symbol))));
  }

  async removeSymbol(listId: string, symbol: string): Promise<Watchlist> {
    return expected(decodeWatchlist(await this.#call("DELETE", symbolPath(listId, symbol))));
  }

  /** Replaces a list's symbols, unless it has changed since `list` was read (then 412). */
  async replaceSymbols(list: Watchlist, symbols: string[]): Promise<Watchlist> {
    const body = { name: list.name, symbols };
    const headers = { "if-match": `"${list.version}"` };
    return expected(decodeWatchlist(await this.#call("PUT", `/watchlists/${encodeURIComponent(list.id)}`, { body, headers })));
  }

  async quotes(symbols: readonly string[]): Promise<Prices> {
    return expected(decodePrices(await this.#call("GET", `/quotes?symbols=${symbols.map(encodeURIComponent).join(",")}`)));
  }

  async search(text: string, signal: AbortSignal): Promise<SymbolMatch[]> {
    return decodeMatches(await this.#call("GET", `/symbols/search?q=${encodeURIComponent(text)}&limit=10`, { signal }));
  }

  /** What is known of one symbol beside its price. */
  async instrument(symbol: string, signal: AbortSignal): Promise<Instrument> {
    return decodeInstrument(await this.#call("GET", `/symbols/${encodeURIComponent(symbol)}`, { signal }));
  }

  async history(symbol: string, range: HistoryRange, signal: AbortSignal): Promise<History> {
    const path = `/symbols/${encodeURIComponent(symbol)}/history?range=${range}`;
    return expected(decodeHistory(await this.#call("GET", path, { signal })));
  }

  /** What many want to see. */
  async trending(signal: AbortSignal): Promise<Popular> {
    return decodePopular(await this.#call("GET", "/trending", { signal }));
  }

  async webSocketTicket(): Promise<string> {
    const answer = (await this.#call("POST", "/ws-ticket")) as { ticket?: unknown } | undefined;
    return expected(typeof answer?.ticket === "string" ? answer.ticket : undefined);
  }

  async #call(
    method: string,
    path: string,
    options: { body?: object; headers?: Record<string, string>; signal?: AbortSignal } = {},
  ): Promise<unknown> {
    const deadline = AbortSignal.timeout(TIMEOUT_MS);
    const init: RequestInit = {
      method,
      credentials: "same-origin",
      headers: { accept: "application/json", ...options.headers },
      signal: options.signal ? AbortSignal.any([options.signal, deadline]) : deadline,
    };
    if (options.body) {
      init.body = JSON.stringify(options.body);
      init.headers = { ...init.headers, "content-type": "application/json" };
    }
    let response: Response;
    try {
      response = await this.#ports.fetch(BASE + path, init);
    } catch (error) {
      if (options.signal?.aborted) throw error;
      throw new RequestError(0, "unreachable", "The server cannot be reached");
    }
    if (!response.ok) throw await failureOf(response);
    if (response.status === 204) return undefined;
    return response.json().catch(() => {
      // An abandoned answer is none, rather than an empty one.
      options.signal?.throwIfAborted();
      return undefined;
    });
  }
}

function symbolPath(listId: string, symbol: string): string {
  return `/watchlists/${encodeURIComponent(listId)}/symbols/${encodeURIComponent(symbol)}`;
}
