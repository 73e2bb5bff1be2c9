import { describe, expect, it } from "vitest";
import { Board } from "../src/model/board";
import { Picks } from "../src/model/picks";
import type { Watchlist } from "../src/model/types";
import { OK, prices, quote } from "./support/quotes";

describe("the board", () => {
  it("keeps the newest price however frames overtake each other", () => {
    const board = new Board();
    board.applyPrices(prices(3, [quote("AAPL", { price: "3", as_of: 3000, tick: 3 })]));
    expect(board.applyPrices(prices(2, [quote("AAPL", { price: "2", as_of: 2000, tick: 2 })])).symbols).toEqual([]);
    expect(board.quote("AAPL")?.price).toBe("3");
  });

  it("of one moment takes the highest tick, and counts prices outside the session", () => {
    const board = new Board();
    board.applyPrices(prices(2, [quote("AAPL", { price: "2", tick: 2 })]));
    board.applyPrices(prices(1, [quote("AAPL", { price: "1", tick: 1 })]));
    expect(board.quote("AAPL")?.price).toBe("2");
    board.applyPrices(prices(1, [quote("AAPL", { price: "1", tick: 1, extended: { session: "post", price: "9", as_of: 9000 } })]));
    expect(board.quote("AAPL")?.extended?.price).toBe("9");
  });

  it("tells which symbols changed, and only those", () => {
    const board = new Board();
    const first = prices(1, [quote("AAPL"), quote("MSFT")], { source: OK });
    expect(board.applyPrices(first)).toEqual({ symbols: ["AAPL", "MSFT"], source: true });
    expect(board.applyPrices(first)).toEqual({ symbols: [], source: false });
  });

  it("says why a symbol has no quote until it has one", () => {
    const board = new Board();
    board.applyPrices(prices(1, [], { missing: [{ symbol: "AAPL", reason: "pending" }, { symbol: "NOPE", reason: "unknown" }] }));
    expect([board.missing("AAPL"), board.missing("NOPE")]).toEqual(["pending", "unknown"]);
    expect(board.applyPrices(prices(2, [quote("AAPL", { tick: 2 })])).symbols).toEqual(["AAPL"]);
    expect(board.missing("AAPL")).toBeUndefined();
    board.applyPrices(prices(3, [], { missing: [{ symbol: "AAPL", reason: "delisted" }] }));
    expect(board.missing("AAPL")).toBe("delisted");
    expect(board.quote("AAPL")?.price, "the last price stays").toBe("10");
  });

  it("an old absence does not hide a newer quote", () => {
    const board = new Board();
    board.applyPrices(prices(5, [quote("AAPL", { tick: 5 })]));
    board.applyPrices(prices(4, [], { missing: [{ symbol: "AAPL", reason: "unknown" }] }));
    expect(board.missing("AAPL")).toBeUndefined();
  });

  it("has seen a tick when it has all its parts", () => {
    const board = new Board();
    expect(board.lastTick).toBeUndefined();
    board.apply({ type: "quotes", ...prices(7, []), part: 1, parts: 2 }, 0);
    expect(board.lastTick).toBe(6);
    board.apply({ type: "quotes", ...prices(8, []) }, 0);
    expect(board.lastTick, "what is missing of tick 7 is asked for").toBe(6);
    board.apply({ type: "quotes", ...prices(7, []), part: 2, parts: 2 }, 0);
    expect(board.lastTick).toBe(8);
  });

  it("forgets parts that were lost with the socket, not that they were lost", () => {
    const board = new Board();
    board.apply({ type: "quotes", ...prices(7, []), part: 1, parts: 2 }, 0);
    board.connectionLost();
    expect(board.lastTick).toBe(6);
    board.apply({ type: "snapshot", ...prices(9, []) }, 0);
    expect(board.lastTick).toBe(9);
  });

  it("follows a server that counts from the start again", () => {
    const board = new Board();
    board.apply({ type: "snapshot", ...prices(900, [], { source: OK }) }, 0);
    board.apply({ type: "hello", tick: 2, polled_at: 0, server_time: 5000, source: { state: "starting", interval: 5 } }, 4000);
    expect(board.source?.state).toBe("starting");
    expect(board.lastTick).toBeUndefined();
    expect(board.clockOffset).toBe(1000);
  });
});

describe("picks", () => {
  const list = (version: number, symbols: string[]): Watchlist => ({ id: "1", name: "My picks", symbols, version, deleted: false });

  it("shows an edit before the server has answered, and not after it failed", () => {
    const picks = new Picks(list(1, ["AAPL", "MSFT"]));
    const [add, remove] = [{ kind: "add", symbol: "NVDA" } as const, { kind: "remove", symbol: "AAPL" } as const];
    picks.begin(add);
    picks.begin(remove);
    expect(picks.symbols).toEqual(["MSFT", "NVDA"]);
    picks.end(add);
    expect(picks.symbols).toEqual(["MSFT"]);
    picks.end(remove);
    expect(picks.symbols).toEqual(["AAPL", "MSFT"]);
  });

  it("puts an undone removal back where it was, once", () => {
    const picks = new Picks(list(1, ["AAPL", "NVDA"]));
    picks.begin({ kind: "add", symbol: "MSFT", at: 1 });
    picks.begin({ kind: "add", symbol: "MSFT" });
    expect(picks.symbols).toEqual(["AAPL", "MSFT", "NVDA"]);
  });

  it("takes no older version and no other list", () => {
    const picks = new Picks(list(3, ["AAPL"]));
    expect(picks.accept(list(2, []))).toBe(false);
    expect(picks.accept({ ...list(9, []), id: "2" })).toBe(false);
    expect(picks.accept(list(4, ["MSFT"]))).toBe(true);
    expect(picks.symbols).toEqual(["MSFT"]);
  });
});
