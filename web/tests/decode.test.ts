import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { decodeFrame, decodePrices, decodeWatchlist } from "../src/model/decode";

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

  it.each(["", "nonsense", "[]", "null", "1", '{"type":"new_in_version_9"}', '{"type":3}', '{"type":"list"}', "{}"])(
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
