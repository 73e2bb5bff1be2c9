// The REST API. A failed request throws a `RequestError` that carries the server's own words.

import { decodeConfig, decodeMatches, decodePrices, decodeWatchlist, decodeWatchlists } from "../model/decode";
import { decodeCode, decodeImport, decodePreferences, decodeSecret, decodeTokens } from "../model/decode-account";
import { decodeRates, decodeSparks, type Spark } from "../model/extras";
import { decodeHistory, type History, type HistoryRange } from "../model/history";
import { decodeInstrument, decodePopular, type Instrument, type Popular } from "../model/instrument";
import { decodeShare, decodeSharedList, type Share, type SharedList } from "../model/share";
import type {
  Code,
  Decimal,
  ImportReport,
  Preferences,
  Prices,
  ServerConfig,
  SymbolMatch,
  Timestamp,
  Token,
  Watchlist,
} from "../model/types";
import type { Ports } from "./ports";

const BASE = "/api/v1";
const TIMEOUT_MS = 15_000;

export class RequestError extends Error {
  /** The HTTP status; 0 when no answer came. */
  readonly status: number;
  /** The server's stable word for what went wrong. */
  readonly code: string;
  /** The part of the request that was wrong: a path in the body, a parameter or a header. */
  readonly field: string | undefined;
  /** Seconds until it may be tried again. */
  readonly retryAfter: number | undefined;

  constructor(status: number, code: string, detail: string, { field, retryAfter }: { field?: string | undefined; retryAfter?: number | undefined } = {}) {
    super(detail);
    this.name = "RequestError";
    this.status = status;
    this.code = code;
    this.field = field;
    this.retryAfter = retryAfter;
  }
}

async function failureOf(response: Response): Promise<RequestError> {
  let detail: unknown;
  let code: unknown;
  let field: unknown;
  try {
    ({ detail, code, field } = (await response.json()) as { detail?: unknown; code?: unknown; field?: unknown });
  } catch {
    // Not from our server: a proxy's page. The status is all there is.
  }
  const retryAfter = Number.parseInt(response.headers.get("retry-after") ?? "", 10);
  return new RequestError(
    response.status,
    typeof code === "string" ? code : "",
    typeof detail === "string" && detail !== "" ? detail : `The server answered ${response.status}`,
    { field: typeof field === "string" ? field : undefined, retryAfter: Number.isNaN(retryAfter) ? undefined : retryAfter },
  );
}

/** What an answer was read as; one that could not be read is a failure. */
export function expected<T>(value: T | undefined): T {
  if (value === undefined) throw new RequestError(0, "bad_answer", "The server's answer could not be read");
  return value;
}

export interface RequestOptions {
  body?: object;
  text?: string;
  headers?: Record<string, string>;
  signal?: AbortSignal;
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

  /** The user's lists, in their order. */
  async watchlists(): Promise<Watchlist[]> {
    return decodeWatchlists(await this.#call("GET", "/watchlists")).map(withNotes);
  }

  async watchlist(id: string): Promise<Watchlist> {
    return listIn(await this.#call("GET", listPath(id)));
  }

  async createWatchlist(name: string, symbols: readonly string[] = []): Promise<Watchlist> {
    return listIn(await this.#call("POST", "/watchlists", { body: { name, symbols } }));
  }

  async deleteWatchlist(id: string): Promise<void> {
    await this.#call("DELETE", listPath(id));
  }

  async addSymbol(listId: string, symbol: string): Promise<Watchlist> {
    return listIn(await this.#call("PUT", symbolPath(listId, symbol)));
  }

  async removeSymbol(listId: string, symbol: string): Promise<Watchlist> {
    return listIn(await this.#call("DELETE", symbolPath(listId, symbol)));
  }

  /** Makes a list what `wanted` says, unless it has changed since that version was read (then 412). Without notes it keeps them. */
  async replaceWatchlist(wanted: Watchlist, withNotes = false): Promise<Watchlist> {
    const { id, name, symbols, version, notes } = wanted;
    const body = { name, symbols, ...(withNotes && notes ? { notes } : {}) };
    return listIn(await this.#call("PUT", listPath(id), { body, headers: { "if-match": `"${version}"` } }));
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

  async sparks(symbols: readonly string[]): Promise<Map<string, Spark>> {
    return decodeSparks(await this.#call("GET", `/sparks?symbols=${symbols.map(encodeURIComponent).join(",")}`));
  }

  /** What many want to see. */
  async trending(signal: AbortSignal): Promise<Popular> {
    return decodePopular(await this.#call("GET", "/trending", { signal }));
  }

  async rates(to: string, from: readonly string[]): Promise<Map<string, Decimal>> {
    const path = `/rates?to=${encodeURIComponent(to)}&from=${from.map(encodeURIComponent).join(",")}`;
    return decodeRates(await this.#call("GET", path));
  }

  async preferences(): Promise<Preferences> {
    return expected(decodePreferences(await this.#call("GET", "/preferences")));
  }

  async replacePreferences(preferences: Preferences): Promise<Preferences> {
    return expected(decodePreferences(await this.#call("PUT", "/preferences", { body: preferences })));
  }

  async tokens(): Promise<Token[]> {
    return decodeTokens(await this.#call("GET", "/tokens"));
  }

  /** Answers the secret, which is told this once. */
  async createToken(name: string, scope: "read" | "write"): Promise<string> {
    return expected(decodeSecret(await this.#call("POST", "/tokens", { body: { name, scope } }), "secret"));
  }

  async endToken(id: string): Promise<void> {
    await this.#call("DELETE", `/tokens/${encodeURIComponent(id)}`);
  }

  async pairingCode(): Promise<Code> {
    return expected(decodeCode(await this.#call("POST", "/pairing")));
  }

  async recoveryCode(): Promise<Code> {
    return expected(decodeCode(await this.#call("POST", "/recovery")));
  }

  /** Makes this browser a device of the account that made the code. */
  async redeemPairing(code: string): Promise<void> {
    await this.#call("POST", "/pairing/redeem", { body: { code } });
  }

  /** The same with a recovery code. Answers the next one: the old one is used up. */
  async redeemRecovery(code: string): Promise<string> {
    return expected(decodeSecret(await this.#call("POST", "/recovery/redeem", { body: { code } }), "recovery_code"));
  }

  async deleteAccount(): Promise<void> {
    await this.#call("DELETE", "/account");
  }

  async importLists(file: string, mode: "merge" | "replace", dryRun: boolean): Promise<ImportReport> {
    return expected(decodeImport(await this.#call("POST", `/import?mode=${mode}&dry_run=${dryRun}`, { text: file })));
  }

  /** The link to a list; nothing when it has none. */
  async share(list: string): Promise<Share | undefined> {
    try {
      return expected(decodeShare(await this.#call("GET", `${listPath(list)}/share`)));
    } catch (error) {
      if (error instanceof RequestError && error.status === 404) return undefined;
      throw error;
    }
  }

  /** Makes one; answers the one that is there when there is one. */
  async makeShare(list: string): Promise<Share> {
    return expected(decodeShare(await this.#call("PUT", `${listPath(list)}/share`)));
  }

  async endShare(list: string): Promise<void> {
    await this.#call("DELETE", `${listPath(list)}/share`);
  }

  /** What a link shows, which needs no session. `serverNow` is when the server answered. */
  async sharedList(token: string): Promise<{ list: SharedList; serverNow: Timestamp | undefined }> {
    const response = await this.#request("GET", `/shared/${token}/list.json`);
    const told = Date.parse(response.headers.get("date") ?? "");
    return { list: expected(decodeSharedList(await read(response))), serverNow: Number.isNaN(told) ? undefined : told };
  }

  /** The OpenAPI document. */
  async description(signal: AbortSignal): Promise<unknown> {
    return this.#call("GET", "/openapi.json", { signal });
  }

  async webSocketTicket(): Promise<string> {
    const answer = (await this.#call("POST", "/ws-ticket")) as { ticket?: unknown } | undefined;
    return expected(typeof answer?.ticket === "string" ? answer.ticket : undefined);
  }

  /** One request, for the parts of the API that have a file of their own. */
  send(method: string, path: string, options?: RequestOptions): Promise<unknown> {
    return this.#call(method, path, options);
  }

  async #call(method: string, path: string, options: RequestOptions = {}): Promise<unknown> {
    const response = await this.#request(method, path, options);
    return response.status === 204 ? undefined : read(response, options.signal);
  }

  async #request(method: string, path: string, options: RequestOptions = {}): Promise<Response> {
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
    if (options.text !== undefined) {
      init.body = options.text;
      init.headers = { ...init.headers, "content-type": "text/plain" };
    }
    let response: Response;
    try {
      response = await this.#ports.fetch(BASE + path, init);
    } catch (error) {
      if (options.signal?.aborted) throw error;
      throw new RequestError(0, "unreachable", "The server cannot be reached");
    }
    if (!response.ok) throw await failureOf(response);
    return response;
  }
}

function read(response: Response, signal?: AbortSignal): Promise<unknown> {
  return response.json().catch(() => {
    // An abandoned answer is none, rather than an empty one.
    signal?.throwIfAborted();
    return undefined;
  });
}

/** What REST tells of a list has its notes, so none told are none there. */
function withNotes(list: Watchlist): Watchlist {
  return { notes: {}, ...list };
}

function listIn(answer: unknown): Watchlist {
  return withNotes(expected(decodeWatchlist(answer)));
}

function listPath(id: string): string {
  return `/watchlists/${encodeURIComponent(id)}`;
}

function symbolPath(listId: string, symbol: string): string {
  return `${listPath(listId)}/symbols/${encodeURIComponent(symbol)}`;
}
