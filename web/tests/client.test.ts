import { beforeEach, describe, expect, it } from "vitest";
import { Client, type ClientEvents } from "../src/api/client";
import { failureWords } from "../src/api/failure";
import { english } from "../src/messages/translate";
import { FakePorts, settled } from "./support/ports";
import { OK, quote } from "./support/quotes";
import { noEvents, Server } from "./support/server";

let ports: FakePorts;
let server: Server;
let client: Client;
let told: string[];
let picks: (readonly string[])[];
let startFailures: (string | undefined)[];

const asked = (): string[] => ports.requests.map((request) => `${request.method} ${request.path.replace("/api/v1", "")}`);

beforeEach(() => {
  ports = new FakePorts();
  server = new Server();
  ports.answer = server.answer;
  told = [];
  picks = [];
  startFailures = [];
  const events: ClientEvents = {
    onConfig: (config) => told.push(`config ${config.source}`),
    onConnection: (state) => told.push(state.phase),
    onQuotes: (symbols) => told.push(`quotes ${symbols.join(" ")}`),
    onSource: () => told.push("source"),
    onLists: (_, active) => picks.push(active.symbols),
    onSession: () => undefined,
    onNotices: (notices) => told.push(`notices ${notices.map(({ id }) => id).join(" ")}`),
    onStartFailure: (error) => startFailures.push(error === undefined ? undefined : failureWords(error, english)),
    onFailure: (error) => told.push(`failure: ${failureWords(error, english)}`),
    onMerge: (name) => told.push(`merged ${name}`),
    onWaiting: (count) => told.push(`waiting ${count}`),
    onDeletedElsewhere: (name) => told.push(`deleted ${name}`),
    listName: () => "My picks",
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

  it("that does not work is told and tried again", async () => {
    server.refusals.set("POST /session", { status: 503, json: { code: "unavailable", detail: "try again in a moment" } });
    client.start();
    await settled();
    expect(startFailures).toEqual(["The server cannot be used now; try again in a moment"]);
    server.refusals.clear();
    await ports.pass(1000);
    expect(startFailures, "and cleared").toEqual(["The server cannot be used now; try again in a moment", undefined]);
    ports.socket.accept();
    expect(told.at(-1)).toBe("live");
  });
});

describe("a start again", () => {
  it("asks for no configuration or session a second time, but for the list and a ticket", async () => {
    await started();
    const before = asked().length;
    ports.socket.lose();
    expect(told.at(-1)).toBe("waiting");
    await ports.pass(250);
    expect(asked().slice(before)).toEqual(["GET /watchlists", "POST /ws-ticket"]);
  });

  it("opens the socket where the configuration says", async () => {
    server.refusals.set("GET /config", { json: { version: "1", source: { kind: "yahoo" }, ws_path: "/live" } });
    client.start();
    await settled();
    expect(ports.socket.path).toBe("/live?ticket=t%20i");
  });

  it("a session that ends between the list and the ticket is made anew", async () => {
    let tickets = 0;
    ports.answer = (request) => {
      if (request.path.endsWith("/ws-ticket") && (tickets += 1) === 1) server.session = "";
      return server.answer(request);
    };
    client.start();
    await settled();
    expect(server.made).toBe(2);
    expect(told).toContain("new session");
    ports.socket.accept();
    expect(told.at(-1)).toBe("live");
    expect(ports.sockets, "the first attempt opens none").toHaveLength(1);
  });

  it("a first session that was never made is no new one", async () => {
    server.refusals.set("POST /session", { status: 503, json: { detail: "busy" } });
    client.start();
    await settled();
    server.refusals.clear();
    await ports.pass(1000);
    expect(server.made).toBe(1);
    expect(told).not.toContain("new session");
    expect(picks.at(-1)).toEqual([]);
  });

  it("other refusals make no session", async () => {
    await started();
    server.refusals.set("GET /watchlists", { status: 403, json: { detail: "not from here" } });
    ports.socket.lose();
    await ports.pass(250);
    expect(startFailures.at(-1)).toBe("not from here");
    expect(asked().filter((request) => request === "POST /session")).toHaveLength(1);
  });

  it("a fault of the page itself is told without its jargon", async () => {
    server.refusals.set("POST /ws-ticket", { json: { ticket: "\ud800" } });
    client.start();
    await settled();
    expect(startFailures).toContain("Something went wrong in this page; reloading it may help");
  });

  it("asks only for prices that are not known, and not for those known to be missing", async () => {
    server.session = "ann";
    server.lists.set("ann", [{ id: "1", name: "x", symbols: ["AAPL", "NOPE"], version: 3 }]);
    const path = "GET /quotes?symbols=AAPL,NOPE";
    const missing = [{ symbol: "NOPE", reason: "unknown" }];
    server.refusals.set(path, { json: { tick: 1, polled_at: 1, quotes: [quote("AAPL")], missing } });
    await started();
    expect(asked()).toContain(path);
    expect(client.board.missing("NOPE")).toBe("unknown");
    const before = asked().length;
    ports.socket.lose();
    await ports.pass(250);
    expect(asked().slice(before)).toEqual(["GET /watchlists", "POST /ws-ticket"]);
  });

  it("prices that cannot be had do not keep the socket from opening", async () => {
    server.session = "ann";
    server.lists.set("ann", [{ id: "1", name: "x", symbols: ["AAPL"], version: 3 }]);
    server.refusals.set("GET /quotes?symbols=AAPL", { status: 500, text: "" });
    await started();
    expect(told.at(-1)).toBe("live");
    expect(startFailures).toEqual([undefined]);
  });

  it("parts that were lost with a socket are asked for again", async () => {
    await started();
    const part = { polled_at: 1, quotes: [], missing: [] };
    ports.socket.receive({ type: "quotes", tick: 8, part: 1, parts: 2, ...part });
    ports.socket.lose();
    await ports.pass(250);
    ports.socket.accept({ tick: 9 });
    expect(ports.socket.sent).toEqual([{ action: "hello", since: 7 }]);
    ports.socket.receive({ type: "snapshot", tick: 9, ...part });
    expect(client.board.lastTick).toBe(9);
  });

  it("hiding, the network, haste and the end reach the connection", async () => {
    await started();
    client.setHidden(true);
    expect(ports.socket.sent.at(-1)).toEqual({ action: "pause" });
    ports.isOnline = false;
    client.networkChanged();
    expect(told.at(-1)).toBe("offline");
    ports.isOnline = true;
    client.networkChanged();
    await settled();
    ports.socket.accept();
    ports.socket.lose();
    client.retryNow();
    expect(told.at(-1)).toBe("connecting");
    await settled();
    client.stop();
    expect(ports.socket.closed).toBe(true);
    expect(ports.pendingTimers).toBe(0);
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
    expect(told.at(-1)).toBe("failure: The source does not know NOPE");
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

  it("an undone removal is at its place before the server answers, with its price", async () => {
    for (const symbol of ["AAPL", "MSFT"]) await client.add(symbol);
    await client.remove("AAPL");
    const before = asked().length;
    const restored = client.restore("AAPL", 0);
    expect(picks.at(-1)).toEqual(["AAPL", "MSFT"]);
    expect(await restored).toBe(true);
    expect(asked().slice(before)).toEqual(["PUT /watchlists/list1", "GET /quotes?symbols=AAPL"]);
    expect(ports.requests.find((request) => request.headers["if-match"])?.body).toEqual({ name: "My picks", symbols: ["AAPL", "MSFT"] });
  });

  it("a symbol that was added again before its removal is undone is not there twice", async () => {
    for (const symbol of ["AAPL", "MSFT"]) await client.add(symbol);
    await client.remove("AAPL");
    await client.add("AAPL");
    const before = asked().length;
    expect(await client.restore("AAPL", 0)).toBe(true);
    expect(picks.at(-1)).toEqual(["MSFT", "AAPL"]);
    expect(asked().slice(before)).not.toContain("PUT /watchlists/list1");
  });

  it.each<[string, () => Promise<boolean>, string[]]>([
    ["DELETE /watchlists/list1/symbols/AAPL", () => client.remove("AAPL"), ["AAPL"]],
    ["PUT /watchlists/list1", () => client.restore("MSFT", 0), ["AAPL"]],
  ])("%s that is refused leaves the list and is followed by others", async (request, edit, symbols) => {
    await client.add("AAPL");
    server.refusals.set(request, { status: 422, json: { detail: "no" } });
    const [refused, next] = [edit(), client.add("NVDA")];
    expect([await refused, await next]).toEqual([false, true]);
    expect(told.filter((one) => one.startsWith("failure"))).toEqual(["failure: no"]);
    expect(picks.at(-1)).toEqual([...symbols, "NVDA"]);
  });

  it("without an answer are taken back", async () => {
    server.refusals.set("PUT /watchlists/list1/symbols/AAPL", new TypeError("network"));
    expect(await client.add("AAPL")).toBe(false);
    expect(told.at(-1)).toBe("failure: The server cannot be reached");
    expect(picks.at(-1)).toEqual([]);
  });

  it("before the list is known change nothing", async () => {
    const early = new FakePorts();
    const unused = new Client(early, { ...noEvents, onFailure: (error) => told.push(failureWords(error, english)) });
    expect(await unused.add("AAPL")).toBe(false);
    expect(await unused.remove("AAPL")).toBe(false);
    expect(told.at(-1)).toBe("The list has not been loaded yet");
    expect(early.requests).toEqual([]);
  });

  it("a search with the session gone makes a new one too", async () => {
    server.session = "";
    expect(await client.search("a b&c", new AbortController().signal)).toEqual([{ symbol: "AAPL", name: "Apple", kind: "equity" }]);
    expect(asked()).toContain("GET /symbols/search?q=a%20b%26c&limit=10");
    expect(server.made).toBe(2);
  });

  it("a session that is refused again at once is not made for ever", async () => {
    server.refusals.set("PUT /watchlists/list1/symbols/AAPL", { status: 401, json: { detail: "this needs a session" } });
    expect(await client.add("AAPL")).toBe(false);
    expect(told.at(-1)).toBe("failure: this needs a session");
    expect(asked().filter((request) => request === "POST /session")).toHaveLength(2);
    expect(told, "it was the same user's").not.toContain("new session");
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

  it("an older list tells nothing, a deleted one gives way to the next", async () => {
    await started();
    const list = { id: "list1", name: "My picks", symbols: ["TSLA"], version: 9 };
    ports.socket.receive({ type: "list", list });
    await settled();
    const before = picks.length;
    ports.socket.receive({ type: "list", list: { ...list, version: 8 } });
    await settled();
    expect(picks).toHaveLength(before);
    server.lists.set("guest1", [{ id: "list2", name: "Other", symbols: ["NVDA"], version: 1 }]);
    ports.socket.receive({ type: "list", list: { id: "list1", deleted: true } });
    await settled();
    expect(picks.at(-1)).toEqual(["NVDA"]);
  });

  it("a list that cannot be read again is a failure that is told", async () => {
    await started();
    server.refusals.set("GET /watchlists", { status: 503, json: { detail: "busy" } });
    ports.socket.receive({ type: "list", list: { id: "list1", deleted: true } });
    await settled();
    expect(told.at(-1)).toBe("failure: busy");
  });
});

describe("symbols off the list", () => {
  const watchFrames = (): unknown[] => ports.socket.sent.filter((frame) => /watch/.test(JSON.stringify(frame)));

  it("are watched on the connection, and on the next one again", async () => {
    client.start();
    await settled();
    const end = client.watch(["NVDA"]);
    ports.socket.accept();
    expect(watchFrames()).toEqual([{ action: "watch", symbols: ["NVDA"] }]);
    ports.socket.lose();
    await ports.pass(60_000);
    ports.socket.accept();
    expect(watchFrames()).toEqual([{ action: "watch", symbols: ["NVDA"] }]);
    end();
    expect(watchFrames().at(-1)).toEqual({ action: "unwatch", symbols: ["NVDA"] });
  });

  it("have their last prices before the socket brings any", async () => {
    client.watch(["NVDA"]);
    client.start();
    await settled();
    expect(client.board.quote("NVDA")?.price).toBe("10");
  });

  it("a view that is there before the session waits for it, instead of failing", async () => {
    server.refusals.set("GET /trending", { json: { trending: [{ symbol: "NVDA" }] } });
    const found = client.ask((rest) => rest.trending(new AbortController().signal));
    await settled();
    expect(ports.requests).toEqual([]);
    client.start();
    await settled();
    expect(await found).toEqual({ trending: [{ symbol: "NVDA" }], most_followed: [] });
    expect(server.made).toBe(1);
  });

  it("requests that find the session gone make one new guest together", async () => {
    client.start();
    await settled();
    server.session = "";
    await Promise.allSettled([1, 2, 3].map(() => client.ask((rest) => rest.trending(new AbortController().signal))));
    expect(server.made).toBe(2);
  });
});
