import { describe, expect, it } from "vitest";
import { Board } from "../src/model/board";
import { Picks } from "../src/model/picks";
import type { Frame, Missing, MissingReason, Prices, SourceHealth, Watchlist } from "../src/model/types";
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

describe("the board after a restart of the server's count", () => {
  function restarted(before: Parameters<typeof prices>[1], missing: Missing[] = []): Board {
    const board = new Board();
    board.apply({ type: "snapshot", ...prices(900, before, { source: OK, missing }) }, 0);
    board.connectionLost();
    board.apply({ type: "hello", tick: 2, polled_at: 0, server_time: 5000, source: OK }, 0);
    return board;
  }

  it("a symbol that was missing has its quote back", () => {
    const board = restarted([], [{ symbol: "AAPL", reason: "malformed" }]);
    expect(board.missing("AAPL"), "nothing newer is known yet").toBe("malformed");
    expect(board.apply({ type: "snapshot", ...prices(2, [quote("AAPL", { tick: 2 })]) }, 0).symbols).toEqual(["AAPL"]);
    expect(board.missing("AAPL")).toBeUndefined();
  });

  it("a symbol that had a quote can be missing, and of one moment the new count's quote wins", () => {
    const board = restarted([quote("AAPL", { tick: 900 }), quote("MSFT", { tick: 900, price: "1" })]);
    const now = prices(2, [quote("MSFT", { tick: 1, price: "2" })], { missing: [{ symbol: "AAPL", reason: "unknown" }] });
    expect(board.apply({ type: "snapshot", ...now }, 0).symbols).toEqual(["MSFT", "AAPL"]);
    expect(board.missing("AAPL")).toBe("unknown");
    expect(board.quote("MSFT")?.price).toBe("2");
  });

  it("a hello of the tick seen last is no restart", () => {
    const board = new Board();
    board.apply({ type: "snapshot", ...prices(900, [quote("AAPL", { tick: 900 })]) }, 0);
    board.apply({ type: "hello", tick: 900, polled_at: 0, server_time: 5000 }, 0);
    expect(board.lastTick).toBe(900);
    expect(board.quote("AAPL")?.tick).toBe(900);
  });

  it("nor is a pong that was overtaken", () => {
    const board = new Board();
    board.apply({ type: "snapshot", ...prices(900, [], { source: OK }) }, 0);
    board.apply({ type: "pong", tick: 899, polled_at: 0, server_time: 5000, source: { state: "refused", interval: 60 } }, 0);
    expect(board.lastTick).toBe(900);
    expect(board.source).toEqual(OK);
  });
});

describe("absences", () => {
  const absent = (tick: number, reason: MissingReason): Prices => prices(tick, [], { missing: [{ symbol: "AAPL", reason }] });

  it("a new reason is told once", () => {
    const board = new Board();
    const told = [absent(1, "pending"), absent(2, "pending"), absent(3, "unknown")].map((frame) => board.applyPrices(frame).symbols);
    expect(told).toEqual([["AAPL"], [], ["AAPL"]]);
  });

  it("an older reason does not take the place of a newer one", () => {
    const board = new Board();
    board.applyPrices(absent(5, "delisted"));
    expect(board.applyPrices(absent(4, "pending")).symbols).toEqual([]);
    expect(board.missing("AAPL")).toBe("delisted");
  });

  it("a frame from before the absence does not end it, one of the same tick does", () => {
    const board = new Board();
    board.applyPrices(absent(5, "unknown"));
    board.applyPrices(prices(4, [quote("AAPL", { tick: 4 })]));
    expect(board.missing("AAPL")).toBe("unknown");
    expect(board.applyPrices(prices(5, [quote("AAPL", { tick: 4 })])).symbols, "the quote is old, its return is new").toEqual(["AAPL"]);
    expect(board.missing("AAPL")).toBeUndefined();
  });

  it("counts from the quote's own tick on", () => {
    const board = new Board();
    board.applyPrices(prices(5, [quote("AAPL", { tick: 5 })]));
    board.applyPrices(absent(5, "delisted"));
    expect(board.missing("AAPL")).toBe("delisted");
  });

  it("pending is not said of a symbol that has a price", () => {
    const board = new Board();
    board.applyPrices(prices(1, [quote("AAPL")]));
    board.applyPrices(absent(2, "pending"));
    expect(board.missing("AAPL")).toBeUndefined();
  });
});

describe("what the board knows of the source", () => {
  const refused = { state: "refused", interval: 60 } as const;

  it("is told when it changed, and never by an older frame", () => {
    const board = new Board();
    const status = (tick: number, source: SourceHealth) => board.apply({ type: "status", tick, polled_at: tick * 1000, source }, 0).source;
    expect([status(4, OK), status(5, { ...OK }), status(5, refused), status(4, OK)]).toEqual([true, false, true, false]);
    expect(board.source).toEqual(refused);
    expect(board.polledAt).toBe(5000);
    expect(status(6, OK)).toBe(true);
  });

  it("takes the clock from hello and pong when they give it", () => {
    const board = new Board();
    board.apply({ type: "pong", tick: 1, polled_at: 0, server_time: 7000 }, 6500);
    expect(board.clockOffset).toBe(500);
    board.apply({ type: "hello", tick: 1, polled_at: 0, server_time: 0 }, 6500);
    expect(board.clockOffset).toBe(500);
  });

  it.each<Frame>([
    { type: "bye", reason: "shutdown" },
    { type: "error", code: "internal", message: "x" },
  ])("nothing changes with %o", (frame) => {
    expect(new Board().apply(frame, 0)).toEqual({ symbols: [], source: false });
  });
});

describe("the parts of a tick", () => {
  const part = (tick: number, number: number, parts: number): Frame => ({ type: "quotes", ...prices(tick, []), part: number, parts });

  it("a part that comes twice is one part", () => {
    const board = new Board();
    for (const frame of [part(7, 1, 2), part(7, 1, 2)]) board.apply(frame, 0);
    expect(board.lastTick).toBe(6);
  });

  it("the oldest tick that is not whole counts", () => {
    const board = new Board();
    for (const frame of [part(9, 1, 2), part(7, 2, 3), part(8, 1, 1), part(9, 2, 2)]) board.apply(frame, 0);
    expect(board.lastTick).toBe(6);
    for (const frame of [part(7, 1, 3), part(7, 3, 3), part(5, 1, 1)]) board.apply(frame, 0);
    expect(board.lastTick).toBe(9);
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

  it("takes the same version again, as an edit that changed nothing answers it, and keeps edits on top", () => {
    const picks = new Picks(list(3, ["AAPL"]));
    picks.begin({ kind: "remove", symbol: "AAPL" });
    expect(picks.accept(list(3, ["AAPL", "TSLA"]))).toBe(true);
    expect(picks.symbols).toEqual(["TSLA"]);
    expect(picks.list.symbols).toEqual(["AAPL", "TSLA"]);
  });

  it("takes no older version and no other list", () => {
    const picks = new Picks(list(3, ["AAPL"]));
    expect(picks.accept(list(2, []))).toBe(false);
    expect(picks.accept({ ...list(9, []), id: "2" })).toBe(false);
    expect(picks.accept(list(4, ["MSFT"]))).toBe(true);
    expect(picks.symbols).toEqual(["MSFT"]);
  });
});
