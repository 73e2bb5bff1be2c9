import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { RequestError, RestClient } from "../src/api/rest";
import { FakePorts, settled } from "./support/ports";

let ports: FakePorts;

beforeEach(() => {
  ports = new FakePorts();
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

  it.each([
    ["no words at all", { status: 500, text: "null" }],
    ["words of the wrong kind", { status: 500, json: { detail: { en: "x" }, code: 7 } }],
    ["empty words", { status: 500, json: { detail: "" } }],
  ])("with %s are told by their status", async (_, answer) => {
    ports.answer = () => answer;
    const error: unknown = await new RestClient(ports).config().catch((error: unknown) => error);
    expect(error).toMatchObject({ status: 500, code: "", message: "The server answered 500" });
  });

  it("carry the server's stable code", async () => {
    ports.answer = () => ({ status: 422, json: { code: "symbol_unknown", detail: "no" } });
    await expect(new RestClient(ports).addSymbol("1", "NOPE")).rejects.toMatchObject({ status: 422, code: "symbol_unknown" });
  });

  it.each<[string, (client: RestClient) => Promise<unknown>]>([
    ["a list", (client) => client.addSymbol("1", "A")],
    ["prices", (client) => client.quotes(["A"])],
    ["a ticket", (client) => client.webSocketTicket()],
  ])("a page in the place of %s is a bad answer", async (_, request) => {
    ports.answer = () => ({ text: "<html>Log in to the hotel's network</html>" });
    await expect(request(new RestClient(ports))).rejects.toMatchObject({ status: 0, code: "bad_answer" });
  });

  it("need no body in the answer", async () => {
    ports.answer = () => ({ status: 204 });
    await expect(new RestClient(ports).beginSession()).resolves.toBeUndefined();
  });

  it("a search that is abandoned while its answer comes finds nothing out, not nothing", async () => {
    const abandoned = new AbortController();
    const body = new ReadableStream({
      start: (stream) => abandoned.signal.addEventListener("abort", () => stream.error(abandoned.signal.reason)),
    });
    const search = new RestClient({ fetch: async () => new Response(body) }).search("a", abandoned.signal);
    await settled();
    abandoned.abort();
    await expect(search).rejects.toMatchObject({ name: "AbortError" });
  });
});

describe("what is sent", () => {
  const list = { id: "a/b", name: "My picks", symbols: [], version: 4, deleted: false };
  const answer = { id: "a/b", version: 5 };

  it.each<[string, (client: RestClient) => Promise<unknown>, string, string, unknown]>([
    ["a symbol added", (client) => client.addSymbol("a/b", "^GSPC"), "PUT", "/watchlists/a%2Fb/symbols/%5EGSPC", undefined],
    ["a symbol removed", (client) => client.removeSymbol("a/b", "BRK/B"), "DELETE", "/watchlists/a%2Fb/symbols/BRK%2FB", undefined],
    ["a list replaced", (client) => client.replaceWatchlist({ ...list, symbols: ["A"] }), "PUT", "/watchlists/a%2Fb", { name: "My picks", symbols: ["A"] }],
    ["prices", (client) => client.quotes(["^GSPC", "M&M.NS"]), "GET", "/quotes?symbols=%5EGSPC,M%26M.NS", undefined],
    ["a session", (client) => client.beginSession(), "POST", "/session", {}],
  ])("%s", async (_, request, method, path, body) => {
    ports.answer = () => ({ json: answer });
    await request(new RestClient(ports));
    expect(ports.requests).toHaveLength(1);
    expect(ports.requests[0]).toMatchObject({ method, path: `/api/v1${path}`, body, init: { credentials: "same-origin" } });
    expect(ports.requests[0]?.headers["content-type"]).toBe(body === undefined ? undefined : "application/json");
  });

  it("a list is replaced only as it was read", async () => {
    ports.answer = () => ({ json: answer });
    await new RestClient(ports).replaceWatchlist(list);
    expect(ports.requests[0]?.headers["if-match"]).toBe('"4"');
  });

  it("notes are replaced only when that is meant", async () => {
    ports.answer = () => ({ json: answer });
    const noted = { ...list, symbols: ["A"], notes: { A: "why" } };
    await new RestClient(ports).replaceWatchlist(noted);
    expect(ports.requests[0]?.body).toEqual({ name: "My picks", symbols: ["A"] });
    await new RestClient(ports).replaceWatchlist(noted, true);
    expect(ports.requests[1]?.body).toEqual({ name: "My picks", symbols: ["A"], notes: { A: "why" } });
  });

  it("a list that is told without notes has none", async () => {
    ports.answer = () => ({ json: { watchlists: [{ id: "1", deleted: true }, { id: "2" }, { id: "3", notes: { A: "x", B: 7 } }] } });
    expect((await new RestClient(ports).watchlists()).map(({ id, notes }) => [id, notes])).toEqual([["2", {}], ["3", { A: "x" }]]);
  });

  it("a file is sent as it is, first only to see what it would do", async () => {
    ports.answer = () => ({ json: { lists: [{ name: "x", outcome: "created", added: ["A"], removed: [] }], rejected: [] } });
    const report = await new RestClient(ports).importLists("AAPL\nMSFT", "merge", true);
    expect(report.lists).toEqual([{ name: "x", outcome: "created", added: ["A"], removed: [] }]);
    const [request] = ports.requests;
    expect(request?.path).toBe("/api/v1/import?mode=merge&dry_run=true");
    expect(request?.headers["content-type"]).toBe("text/plain");
    expect(request?.init.body).toBe("AAPL\nMSFT");
  });
});

describe("patience", () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  /** A server that never answers: only the signal ends the request. */
  const mute = (_: string, init?: RequestInit): Promise<Response> =>
    new Promise((_, reject) => {
      init?.signal?.addEventListener("abort", () => reject(init.signal?.reason));
    });

  it.each<[string, (client: RestClient) => Promise<unknown>]>([
    ["an ordinary request", (client) => client.config()],
    ["a search", (client) => client.search("a", new AbortController().signal)],
  ])("ends %s that is not answered after fifteen seconds", async (_, request) => {
    const deadline = new AbortController();
    const timeout = vi.spyOn(AbortSignal, "timeout").mockReturnValue(deadline.signal);
    const outcome = request(new RestClient({ fetch: mute }));
    deadline.abort(new DOMException("too late", "TimeoutError"));
    await expect(outcome).rejects.toMatchObject({ status: 0, code: "unreachable" });
    expect(timeout).toHaveBeenCalledWith(15_000);
  });

  it("a search ends when it is abandoned, not as a failure", async () => {
    const abandoned = new AbortController();
    const outcome = new RestClient({ fetch: mute }).search("a", abandoned.signal);
    abandoned.abort();
    await expect(outcome).rejects.toMatchObject({ name: "AbortError" });
  });
});
