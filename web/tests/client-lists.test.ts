import { beforeEach, describe, expect, it } from "vitest";
import { Client, type ClientEvents } from "../src/api/client";
import { failureWords } from "../src/api/failure";
import { english } from "../src/messages/translate";
import { FakePorts, settled } from "./support/ports";
import { noEvents, Server } from "./support/server";

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
    ...noEvents,
    onConnection: (state) => told.push(state.phase),
    onLists: (_, active) => picks.push(active.symbols),
    onFailure: (error) => told.push(`failure: ${failureWords(error, english)}`),
    onMerge: (name) => told.push(`merged ${name}`),
    onWaiting: (count) => told.push(`waiting ${count}`),
    onDeletedElsewhere: (name) => told.push(`deleted ${name}`),
  };
  client = new Client(ports, events);
});

async function started(): Promise<void> {
  client.start();
  await settled();
  ports.socket.accept();
}

describe("several lists", () => {
  const lists = () => [
    { id: "1", name: "One", symbols: ["AAPL"], version: 3 },
    { id: "2", name: "Two", symbols: ["MSFT"], version: 1 },
  ];

  beforeEach(async () => {
    server.session = "ann";
    server.lists.set("ann", lists());
    await started();
  });

  it("are shown one at a time, with the prices of the one on screen", async () => {
    expect(picks.at(-1)).toEqual(["AAPL"]);
    await client.show("2");
    expect(picks.at(-1)).toEqual(["MSFT"]);
    expect(asked().at(-1)).toBe("GET /quotes?symbols=MSFT");
    await client.show("1");
    expect(asked().filter((request) => request.startsWith("GET /quotes"))).toHaveLength(2);
  });

  it("are edited on screen or off it", async () => {
    expect(await client.edit({ kind: "rename", name: "Uno" })).toBe(true);
    const put = ports.requests.findLast((request) => request.method === "PUT");
    expect(put).toMatchObject({ path: "/api/v1/watchlists/1", body: { name: "Uno", symbols: ["AAPL"] }, headers: { "if-match": '"3"' } });
  });

  it("that another device deletes give way, and that is told", async () => {
    ports.socket.receive({ type: "list", list: { id: "1", deleted: true } });
    await settled();
    expect(told.at(-1)).toBe("deleted One");
    expect(picks.at(-1)).toEqual(["MSFT"]);
    ports.socket.receive({ type: "list", list: { id: "9", deleted: true } });
    await settled();
    expect(told.at(-1)).toBe("deleted One");
  });

  it("that another device makes are there", async () => {
    ports.socket.receive({ type: "list", list: { id: "3", name: "Three", symbols: [], version: 1 } });
    await settled();
    await client.show("3");
    expect(picks.at(-1)).toEqual([]);
  });

  it("an order that meets another change is laid over it, and that is told", async () => {
    const other = { id: "1", name: "One", symbols: ["AAPL", "TSLA", "NVDA"], version: 8 };
    let puts = 0;
    ports.answer = (request) => {
      const path = request.path.replace("/api/v1", "");
      if (path !== "/watchlists/1") return server.answer(request);
      if (request.method === "GET") return { json: other };
      puts += 1;
      if (puts === 1) return { status: 412, json: { code: "version_conflict", detail: "changed" } };
      return { json: { ...other, ...(request.body as object), version: 9 } };
    };
    expect(await client.edit({ kind: "arrange", symbols: ["NVDA", "AAPL"] })).toBe(true);
    expect(picks.at(-1)).toEqual(["NVDA", "AAPL", "TSLA"]);
    expect(told).toContain("merged One");
    expect(ports.requests.findLast((request) => request.method === "PUT")?.headers["if-match"]).toBe('"8"');
  });

  it("a note is written on top of what the server has, because frames carry none", async () => {
    ports.answer = (request) =>
      request.path.endsWith("/watchlists/1") && request.method === "GET"
        ? { json: { ...lists()[0], notes: { AAPL: "old" }, symbols: ["AAPL", "B"], version: 4 } }
        : request.path.endsWith("/watchlists/1")
          ? { json: { ...(request.body as object), id: "1", version: 5 } }
          : server.answer(request);
    await client.edit({ kind: "note", symbol: "B", text: "why" });
    expect(ports.requests.findLast((request) => request.method === "PUT")).toMatchObject({
      body: { name: "One", symbols: ["AAPL", "B"], notes: { AAPL: "old", B: "why" } },
      headers: { "if-match": '"4"' },
    });
  });
});

describe("without a connection", () => {
  beforeEach(async () => {
    server.session = "ann";
    server.lists.set("ann", [{ id: "1", name: "One", symbols: ["AAPL", "MSFT"], version: 3 }]);
    await started();
    ports.isOnline = false;
    client.networkChanged();
  });

  it("edits are kept and shown, and sent in their order when there is one", async () => {
    const before = asked().length;
    expect(await client.remove("AAPL")).toBe(true);
    expect(await client.edit({ kind: "arrange", symbols: ["MSFT"] })).toBe(true);
    expect(picks.at(-1)).toEqual(["MSFT"]);
    expect(asked()).toHaveLength(before);
    expect(told.filter((one) => one.startsWith("waiting"))).toEqual(["waiting 1", "waiting 2"]);
    ports.isOnline = true;
    client.networkChanged();
    await settled();
    expect(asked().slice(before)).toEqual(["GET /watchlists", "DELETE /watchlists/1/symbols/AAPL", "PUT /watchlists/1", "POST /ws-ticket"]);
    expect(told.at(-1)).toBe("waiting 0");
    expect(server.lists.get("ann")?.[0]?.symbols).toEqual(["MSFT"]);
    expect(ports.stored.has("quickstocks.edits")).toBe(false);
  });

  it("edits outlive the page, and so do the last prices", async () => {
    await client.remove("AAPL");
    client.setHidden(true);
    client.stop();
    const later: (readonly string[])[] = [];
    const next = new Client(ports, { ...noEvents, onLists: (_, active) => later.push(active.symbols) });
    next.start();
    expect(later.at(-1)).toEqual(["MSFT"]);
    expect(next.board.quote("MSFT")?.price).toBe("10");
    expect(next.board.lastTick, "what is from disk is nothing to resume from").toBeUndefined();
    ports.isOnline = true;
    next.networkChanged();
    await settled();
    expect(asked()).toContain("DELETE /watchlists/1/symbols/AAPL");
    expect(server.lists.get("ann")?.[0]?.symbols).toEqual(["MSFT"]);
  });

  it("an edit that the server refuses later is taken back and told, and the others go on", async () => {
    await client.edit({ kind: "add", symbol: "NOPE" });
    await client.remove("AAPL");
    server.refusals.set("PUT /watchlists/1/symbols/NOPE", { status: 422, json: { detail: "unknown" } });
    ports.isOnline = true;
    client.networkChanged();
    await settled();
    expect(told).toContain("failure: unknown");
    expect(picks.at(-1)).toEqual(["MSFT"]);
  });

  it("edits go on waiting while the server does not answer", async () => {
    await client.remove("AAPL");
    server.refusals.set("DELETE /watchlists/1/symbols/AAPL", new TypeError("network"));
    ports.isOnline = true;
    client.networkChanged();
    await settled();
    expect(picks.at(-1)).toEqual(["MSFT"]);
    expect(told.at(-1)).toBe("waiting");
    server.refusals.clear();
    await ports.pass(1000);
    expect(server.lists.get("ann")?.[0]?.symbols).toEqual(["MSFT"]);
  });

  it.each(["", "{", "7", '{"lists":7,"quotes":"x"}', '[{"list":"1","edit":{"kind":"explode"}}]'])("nonsense on disk (%s) does no harm", (kept) => {
    ports.stored.set("quickstocks.last", kept);
    ports.stored.set("quickstocks.edits", kept);
    const next = new Client(ports, noEvents);
    next.start();
    expect(next.board.lastTick).toBeUndefined();
  });
});
