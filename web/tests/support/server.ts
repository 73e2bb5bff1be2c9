import type { ClientEvents } from "../../src/api/client";
import type { Request } from "./ports";
import { OK, quote } from "./quotes";

/** As much of the server as the client asks for. */
export class Server {
  session = "";
  made = 0;
  lists = new Map<string, { id: string; name: string; symbols: string[]; version: number }[]>();
  /** Answers by `METHOD path` that take the place of the usual ones. */
  refusals = new Map<string, { status?: number; json?: unknown; text?: string } | Error>();

  answer = (request: Request): { status?: number; json?: unknown; text?: string } | Error => {
    const path = request.path.replace("/api/v1", "");
    const refusal = this.refusals.get(`${request.method} ${path}`);
    if (refusal) return refusal;
    if (path === "/config") return { json: { version: "1", source: { kind: "simulated" }, ws_path: "/ws" } };
    if (request.method === "POST" && path === "/session") {
      if (this.session === "") {
        this.made += 1;
        this.session = `guest${this.made}`;
        this.lists.set(this.session, [{ id: `list${this.made}`, name: "My picks", symbols: [], version: 1 }]);
      }
      return { status: 201, json: {} };
    }
    const lists = this.lists.get(this.session);
    if (!lists) return { status: 401, json: { code: "session_required", detail: "this needs a session" } };
    if (path === "/watchlists") return { json: { watchlists: lists } };
    if (path === "/ws-ticket") return { status: 201, json: { ticket: "t i" } };
    if (path.startsWith("/quotes?symbols=")) {
      const symbols = path.slice("/quotes?symbols=".length).split(",").map(decodeURIComponent);
      return { json: { tick: 1, polled_at: 1, source: OK, quotes: symbols.map((symbol) => quote(symbol)), missing: [] } };
    }
    if (path.startsWith("/symbols/search")) return { json: { matches: [{ symbol: "AAPL", name: "Apple", kind: "equity" }] } };
    const [list] = lists;
    if (!list || !path.startsWith(`/watchlists/${list.id}`)) return { status: 404, json: { detail: "no such list" } };
    const symbol = decodeURIComponent(path.split("/")[4] ?? "");
    if (request.method === "DELETE") list.symbols = list.symbols.filter((one) => one !== symbol);
    else if (symbol) list.symbols = [...new Set([...list.symbols, symbol])];
    else list.symbols = (request.body as { symbols: string[] }).symbols;
    list.version += 1;
    return { json: { ...list } };
  };
}

export const noEvents: ClientEvents = {
  onConfig: () => undefined,
  onConnection: () => undefined,
  onQuotes: () => undefined,
  onSource: () => undefined,
  onLists: () => undefined,
  onSession: () => undefined,
  onNotices: () => undefined,
  onMerge: () => undefined,
  onWaiting: () => undefined,
  onDeletedElsewhere: () => undefined,
  listName: () => "My picks",
  onStartFailure: () => undefined,
  onFailure: () => undefined,
  onNewSession: () => undefined,
};
