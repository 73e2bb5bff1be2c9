import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  decodeConfig,
  decodeFrame,
  decodeMatches,
  decodePrices,
  decodeQuote,
  decodeSource,
  decodeWatchlist,
  decodeWatchlists,
} from "../src/model/decode";
import { label } from "../src/model/fields";

const protocol = readFileSync(new URL("../../docs/PROTOCOL.md", import.meta.url), "utf8");
const examples = [...protocol.matchAll(/```json\n([\s\S]*?)```/g)].map((match) => match[1] ?? "");
const fromServer = examples.filter((example) => "type" in JSON.parse(example));

describe("frames", () => {
  it("there are examples of every type in docs/PROTOCOL.md", () => {
    const types = new Set(fromServer.map((example) => JSON.parse(example).type as string));
    expect([...types].sort()).toEqual(expect.arrayContaining(["bye", "error", "hello", "pong", "quotes", "snapshot", "status"]));
  });

  it.each(fromServer)("%s is understood", (example) => {
    const from = JSON.parse(example);
    const frame = decodeFrame(example);
    expect(frame?.type).toBe(from.type);
    if (frame?.type === "snapshot" || frame?.type === "quotes") {
      expect(frame.tick).toBe(from.tick);
      expect(frame.quotes.map((quote) => quote.symbol)).toEqual(from.quotes.map((quote: { symbol: string }) => quote.symbol));
      expect(frame.quotes.map((quote) => quote.price)).toEqual(from.quotes.map((quote: { price: string }) => quote.price));
      expect(frame.missing).toEqual(from.missing ?? []);
    }
  });

  it.each(["", "nonsense", "[]", "null", "1", '[{"type":"bye"}]', '{"type":"status","tick":1}', '{"type":"hello"', '{"type":"new_in_version_9"}', '{"type":3}', '{"type":"list"}', "{}"])(
    "%j is passed over",
    (data) => {
      expect(decodeFrame(data)).toBeUndefined();
    },
  );

  it("passes over what is not text", () => {
    expect(decodeFrame(new ArrayBuffer(4))).toBeUndefined();
  });

  it("a quote with a field of the wrong type loses the field, one without a symbol the quote", () => {
    const odd = { symbol: "AAPL", name: 7, price: 12.5, volume: "many", market_state: "dancing", as_of: "now", extended: "no" };
    const decoded = decodePrices({ tick: 4, polled_at: 1, quotes: [odd, { name: "nobody" }, null, 5], missing: [{ symbol: 1 }] });
    expect(decoded?.quotes.map((quote) => quote.symbol)).toEqual(["AAPL"]);
    const [quote] = decoded?.quotes ?? [];
    expect(quote).toMatchObject({ market_state: "unknown" });
    expect(quote?.price).toBeUndefined();
    expect(quote?.volume).toBeUndefined();
    expect(decoded?.missing).toEqual([]);
  });

  it("a list without an id is none", () => {
    expect(decodeWatchlist({ name: "x", symbols: [] })).toBeUndefined();
  });
});

describe("whole frames", () => {
  const frame = (from: object) => decodeFrame(JSON.stringify(from));

  it("every field of a quote in docs/PROTOCOL.md is read, but for those that nothing shows", () => {
    const snapshot = fromServer.map((example) => JSON.parse(example)).find((example) => example.type === "snapshot");
    const decoded = decodePrices(snapshot)?.quotes ?? [];
    expect(decoded).toHaveLength(2);
    decoded.forEach((quote, index) => {
      const { exchange_code, ...shown } = snapshot.quotes[index];
      expect(exchange_code).toBeTypeOf("string");
      expect(quote).toEqual(shown);
    });
  });

  it("parts, goodbyes and states keep what they say", () => {
    expect(frame({ type: "quotes", tick: 7, part: 2, parts: 3 })).toEqual({
      type: "quotes",
      tick: 7,
      polled_at: 0,
      quotes: [],
      missing: [],
      part: 2,
      parts: 3,
    });
    expect(frame({ type: "bye", reason: "shutdown", reconnect_in: 2000 })).toEqual({ type: "bye", reason: "shutdown", reconnect_in: 2000 });
    expect(frame({ type: "bye" })).toEqual({ type: "bye", reason: "" });
    const source = { state: "refused", interval: 60, reason: "rate_limited", retry_at: 9000, last_ok_at: 8000 };
    expect(frame({ type: "status", tick: 4, polled_at: 5, source })).toEqual({ type: "status", tick: 4, polled_at: 5, source });
  });

  it("fields it does not know leave no trace", () => {
    expect(frame({ type: "pong", tick: 1, polled_at: 2, server_time: 3, novelty: { deep: [1] } })).toEqual({
      type: "pong",
      tick: 1,
      polled_at: 2,
      server_time: 3,
    });
  });

  it.each([
    ["deep lists", "[".repeat(500_000)],
    ["deep objects", '{"type":'.repeat(200_000)],
    ["a long text", JSON.stringify({ type: "error", code: "x".repeat(2_000_000) })],
    ["a number without an end", `{"type":"hello","tick":1${"0".repeat(100_000)}}`],
    ["very many quotes", JSON.stringify({ type: "quotes", quotes: Array.from({ length: 50_000 }, () => ({ symbol: 1 })) })],
  ])("%s do not throw", (_, data) => {
    expect(() => decodeFrame(data)).not.toThrow();
  });

  it("a number too big for JSON's reader counts as absent", () => {
    expect(decodeFrame('{"type":"pong","tick":1e999,"polled_at":1e999,"server_time":5}')).toMatchObject({ tick: 0, polled_at: 0 });
  });
});

describe("quotes", () => {
  const one = (from: object) => decodeQuote({ symbol: "AAPL", ...from });

  it("have a name, a kind and a place even when the server gives none", () => {
    expect(one({ exchange_code: "NMS" })).toEqual({
      symbol: "AAPL",
      name: "AAPL",
      kind: "other",
      exchange: "NMS",
      price_hint: 2,
      market_state: "unknown",
      as_of: 0,
      tick: 0,
      polled_at: 0,
    });
  });

  it.each([
    [0, 0],
    [4, 4],
    [12, 12],
    [13, 2],
    [-1, 2],
    [1.5, 2],
    ["4", 2],
    [null, 2],
  ])("with a hint of %j show %i decimals", (price_hint, decimals) => {
    expect(one({ price_hint })?.price_hint).toBe(decimals);
  });

  it.each(["269.70", "-0.38", "0", `${"9".repeat(40)}.${"9".repeat(40)}`])("%s is a price", (price) => {
    expect(one({ price })?.price).toBe(price);
  });

  it.each(["", "-", "1.", ".5", "1e5", "+1", "1,5", " 1", "1.2.3", "NaN", "9".repeat(41), `0.${"9".repeat(41)}`, 1.5, null, {}, ["1"]])(
    "%j is no price",
    (price) => {
      expect(one({ price })?.price).toBeUndefined();
    },
  );

  it.each([1e300, -1e300, 8.64e15 + 1, 1_795_421_518_000_000_000])("%d is no moment, which no browser could write", (as_of) => {
    expect(one({ as_of, polled_at: as_of })).toMatchObject({ as_of: 0, polled_at: 0 });
    expect(decodeSource({ state: "refused", retry_at: as_of, last_ok_at: as_of })).toEqual({ state: "refused", interval: 60 });
  });

  it.each([
    [{ session: "post", price: "1.5", as_of: 5, change: "0.1", change_percent: "2" }, true],
    [{ session: "pre", price: "1.5", as_of: 5 }, true],
    [{ session: "lunch", price: "1.5", as_of: 5 }, false],
    [{ session: "post", as_of: 5 }, false],
    [{ session: "post", price: 1.5, as_of: 5 }, false],
    [{ session: "post", price: "1.5" }, false],
    [Object.assign([], { session: "post", price: "1.5", as_of: 5 }), false],
  ])("%j outside the session is kept: %j", (extended, kept) => {
    expect(one({ extended })?.extended).toEqual(kept ? extended : undefined);
  });

  it("that are missing for a new reason are missing all the same", () => {
    expect(decodePrices({ missing: [{ symbol: "A", reason: "eclipse" }, { symbol: "B", reason: "delisted" }, {}] })?.missing).toEqual([
      { symbol: "A", reason: "pending" },
      { symbol: "B", reason: "delisted" },
    ]);
  });
});

describe("other answers", () => {
  it.each([
    [{ state: "ok" }, { state: "ok", interval: 60 }],
    [{ state: "ok", interval: 0 }, { state: "ok", interval: 1 }],
    [{ state: "ok", interval: "5" }, { state: "ok", interval: 60 }],
    [{ state: "dancing", interval: 5 }, undefined],
    [null, undefined],
  ])("a source %j", (from, source) => {
    expect(decodeSource(from)).toEqual(source);
  });

  it("lists have each symbol once, and those that were deleted are left out", () => {
    const list = { id: "1", name: "x", symbols: ["A", "B", 3, "", "A"], version: 2 };
    expect(decodeWatchlist(list)).toEqual({ id: "1", name: "x", symbols: ["A", "B"], version: 2, deleted: false });
    expect(decodeWatchlist({ id: "1" })).toEqual({ id: "1", name: "", symbols: [], version: 0, deleted: false });
    expect(decodeWatchlists({ watchlists: [{ ...list, deleted: true }, list, null, {}] }).map(({ deleted }) => deleted)).toEqual([false]);
    expect([decodeWatchlists({ watchlists: "none" }), decodeWatchlists(null), decodeWatchlists([])]).toEqual([[], [], []]);
  });

  it("matches without a symbol are left out", () => {
    const full = { symbol: "VOD.L", name: "Vodafone", kind: "equity", exchange: "LSE" };
    expect(decodeMatches({ matches: [full, { symbol: "A" }, { name: "nobody" }, null] })).toEqual([
      full,
      { symbol: "A", name: "A", kind: "other" },
    ]);
    expect(decodeMatches(undefined)).toEqual([]);
  });

  it.each([
    [{ version: "1", source: { kind: "yahoo" }, ws_path: "/live", sharing: true }, { version: "1", source: "yahoo", ws_path: "/live", sharing: true }],
    [{ source: { kind: "oracle" }, sharing: "yes" }, { version: "", source: "unknown", ws_path: "/ws", sharing: false }],
    [undefined, { version: "", source: "unknown", ws_path: "/ws", sharing: false }],
  ])("a configuration %j", (from, config) => {
    expect(decodeConfig(from)).toEqual({ ...config, limits: { lists: 20, symbols_per_list: 200 } });
  });
});

describe("a name", () => {
  it.each<[string, string | undefined]>([
    ["Apple Inc.", "Apple Inc."],
    ["\u202Elive\u2067 ed\u200F", "live ed"],
    ["No\u200Bw", "Now"],
    ["a\u0000b \n\r c\u2028d", "a b c d"],
    ["\u200B\uFEFF", undefined],
    ["<b>M&M</b>", "<b>M&M</b>"],
    ["می\u200Cخواهم", "می\u200Cخواهم"],
    ["שלום", "שלום"],
  ])("%j stands in a sentence as %j", (name, shown) => {
    expect(label(name)).toBe(shown);
    expect(decodeQuote({ symbol: "AAPL", name })?.name).toBe(shown ?? "AAPL");
  });
});
