import { beforeEach, describe, expect, it } from "vitest";
import { Client, type ClientEvents } from "../src/api/client";
import { RequestError, RestClient } from "../src/api/rest";
import { FakePorts, type Request, settled } from "./support/ports";
import { OK, quote } from "./support/quotes";

/** As much of the server as the client asks for. */
class Server {
  session = "";
  made = 0;
  lists = new Map<string, { id: string; name: string; symbols: string[]; version: number }[]>();
  /** Answers by `METHOD path` that take the place of the usual ones. */
  refusals = new Map<string, { status: number; json?: unknown; text?: string } | Error>();

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

let ports: FakePorts;
let server: Server;
let client: Client;
let told: string[];
let picks: (readonly string[])[];

const asked = (): string[] => ports.requests.map((request) => `${request.method} ${request.path.replace("/api/v1", "")}`);

beforeEach(() => {
  ports = new FakePorts();
  server = new Server();
  ports.answer = server.answer;
  told = [];
  picks = [];
  const events: ClientEvents = {
    onConfig: (config) => told.push(`config ${config.source}`),
    onConnection: (state) => told.push(state.phase),
    onQuotes: (symbols) => told.push(`quotes ${symbols.join(" ")}`),
    onSource: () => told.push("source"),
    onPicks: (symbols) => picks.push(symbols),
    onStartFailure: (detail) => detail !== undefined && told.push(`start failure: ${detail}`),
    onFailure: (detail) => told.push(`failure: ${detail}`),
    onNewSession: () => told.push("new session"),
  };
  client = new Client(ports, events);
});

async function started(): Promise<void> {
  client.start();
  await settled();
  ports.socket.accept();
}

describe("the start", () => {
  it("has a session, the list and a ticket, in this order, and then a socket", async () => {
    await started();
    expect(asked()).toEqual(["GET /config", "POST /session", "GET /watchlists", "POST /ws-ticket"]);
    expect(ports.socket.path).toBe("/ws?ticket=t%20i");
    expect(told).toEqual(["connecting", "config simulated", "live"]);
    expect(picks).toEqual([[]]);
  });

  it("shows what is on the list before any socket is open", async () => {
    server.session = "ann";
    server.lists.set("ann", [{ id: "1", name: "x", symbols: ["AAPL", "^GSPC"], version: 3 }]);
    client.start();
    await settled();
    expect(picks).toEqual([["AAPL", "^GSPC"]]);
    expect(asked()).toContain("GET /quotes?symbols=AAPL,%5EGSPC");
    expect(client.board.quote("^GSPC")?.price).toBe("10");
  });

  it("that does not work is told in the server's words and tried again", async () => {
    server.refusals.set("POST /session", { status: 503, json: { code: "unavailable", detail: "try again in a moment" } });
    client.start();
    await settled();
    expect(told).toContain("start failure: try again in a moment");
    server.refusals.clear();
    await ports.pass(1000);
    ports.socket.accept();
    expect(told.at(-1)).toBe("live");
  });
});

describe("edits", () => {
  beforeEach(started);

  it("are seen at once and confirmed by the server", async () => {
    const added = client.add("AAPL");
    expect(picks.at(-1)).toEqual(["AAPL"]);
    expect(await added).toBe(true);
    expect(picks.at(-1)).toEqual(["AAPL"]);
    expect(client.board.quote("AAPL")).toBeDefined();
    expect(await client.add("AAPL"), "it is there already").toBe(false);
    expect(await client.remove("AAPL")).toBe(true);
    expect(picks.at(-1)).toEqual([]);
  });

  it("that are refused are taken back, with the server's reason", async () => {
    const detail = "not known to the source: NOPE";
    server.refusals.set("PUT /watchlists/list1/symbols/NOPE", { status: 422, json: { code: "symbol_unknown", detail } });
    expect(await client.add("NOPE")).toBe(false);
    expect(picks.slice(-2)).toEqual([["NOPE"], []]);
    expect(told.at(-1)).toBe(`failure: ${detail}`);
  });

  it("go out one after the other", async () => {
    const before = asked().length;
    let open: (() => void) | undefined;
    ports.answer = (request) =>
      request.method === "PUT" && request.path.endsWith("/AAPL")
        ? new Promise((resolve) => {
            open = () => resolve(server.answer(request));
          })
        : server.answer(request);
    const edits = [client.add("AAPL"), client.add("MSFT"), client.remove("AAPL")];
    await settled();
    expect(asked().slice(before)).toEqual(["PUT /watchlists/list1/symbols/AAPL"]);
    expect(picks.at(-1)).toEqual(["MSFT"]);
    open?.();
    expect(await Promise.all(edits)).toEqual([true, true, true]);
    expect(picks.at(-1)).toEqual(["MSFT"]);
    expect(server.lists.get("guest1")?.[0]?.symbols).toEqual(["MSFT"]);
  });

  it("a removal is undone to its place, or to the end when the list has changed meanwhile", async () => {
    for (const symbol of ["AAPL", "MSFT", "NVDA"]) await client.add(symbol);
    await client.remove("MSFT");
    await client.restore("MSFT", 1);
    expect(picks.at(-1)).toEqual(["AAPL", "MSFT", "NVDA"]);
    expect(ports.requests.find((request) => request.headers["if-match"])?.headers["if-match"]).toBe('"5"');
    await client.remove("AAPL");
    server.refusals.set("PUT /watchlists/list1", { status: 412, json: { code: "version_conflict", detail: "changed" } });
    await client.restore("AAPL", 0);
    expect(picks.at(-1)).toEqual(["MSFT", "NVDA", "AAPL"]);
  });

  it("with the session gone a new one is made, told, and its own socket opened", async () => {
    await client.add("AAPL");
    server.session = "";
    expect(await client.add("MSFT")).toBe(true);
    expect(told).toContain("new session");
    expect(picks.at(-1)).toEqual(["MSFT"]);
    await settled();
    expect(ports.sockets).toHaveLength(2);
  });
});

describe("frames", () => {
  it("change the board and tell what changed", async () => {
    await started();
    told.length = 0;
    ports.socket.receive({ type: "quotes", tick: 2, polled_at: 2000, source: OK, quotes: [quote("AAPL", { tick: 2 })], missing: [] });
    expect(told).toEqual(["quotes AAPL", "source"]);
    ports.socket.receive({ type: "error", code: "x", message: "y" });
    expect(told).toHaveLength(2);
  });

  it("a list from another device is taken over, an older one is not", async () => {
    await started();
    const list = { id: "list1", name: "My picks", symbols: ["TSLA"], version: 9 };
    ports.socket.receive({ type: "list", list });
    await settled();
    expect(picks.at(-1)).toEqual(["TSLA"]);
    ports.socket.receive({ type: "list", list: { ...list, symbols: [], version: 8 } });
    ports.socket.receive({ type: "list", list: { ...list, id: "other", symbols: [], version: 10 } });
    await settled();
    expect(picks.at(-1)).toEqual(["TSLA"]);
  });
});

describe("requests", () => {
  it.each<[string, { status: number; json?: unknown; text?: string } | Error, number, string]>([
    ["a problem", { status: 422, json: { code: "name_invalid", detail: "a name has letters" } }, 422, "a name has letters"],
    ["a page of a proxy", { status: 502, text: "<html>Bad gateway</html>" }, 502, "The server answered 502"],
    ["no answer", new TypeError("network"), 0, "The server cannot be reached"],
  ])("that fail with %s say so", async (_, answer, status, detail) => {
    ports.answer = () => answer;
    const error: unknown = await new RestClient(ports).config().catch((error: unknown) => error);
    expect(error).toBeInstanceOf(RequestError);
    expect(error).toMatchObject({ status, message: detail });
  });

  it("a search that is abandoned is no failure of the server", async () => {
    const abandoned = new AbortController();
    ports.answer = () => {
      abandoned.abort();
      return new DOMException("aborted", "AbortError");
    };
    const error: unknown = await new RestClient(ports).search("a", abandoned.signal).catch((error: unknown) => error);
    expect(error).not.toBeInstanceOf(RequestError);
  });
});
