import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { RequestError } from "../src/api/rest";
import type { History, HistoryRange } from "../src/model/history";
import type { Dashboard } from "../src/ui/dashboard.svelte";
import { PriceHistory } from "../src/ui/detail/history.svelte";
import { settled } from "./support/ports";
import { quote } from "./support/quotes";

const START = Date.parse("2026-01-05T14:30:00Z");
const MINUTE = 60_000;

function history(range: HistoryRange, close: string): History {
  return { symbol: "AAPL", range, interval: "5m", bars: [{ time: START, open: "10", high: "10", low: "10", close }], splits: [], dividends: [] };
}

interface Asked {
  range: HistoryRange;
  signal: AbortSignal;
  answer: (history: History) => void;
  fail: (error: unknown) => void;
}

let asked: Asked[];
let prices: PriceHistory;

beforeEach(() => {
  asked = [];
  const dashboard: Pick<Dashboard, "history"> = {
    history: (_, range, signal) => new Promise((answer, fail) => asked.push({ range, signal, answer, fail })),
  };
  prices = new PriceHistory(dashboard as Dashboard);
});

afterEach(() => {
  vi.restoreAllMocks();
});

async function shown(): Promise<void> {
  prices.load("AAPL", "1d");
  asked[0]?.answer(history("1d", "11"));
  await settled();
  expect(prices.state.state).toBe("shown");
}

it("shows the range that was asked for last, whichever answer comes last", async () => {
  prices.load("AAPL", "1d");
  prices.load("AAPL", "5d");
  expect(asked[0]?.signal.aborted).toBe(true);
  asked[1]?.answer(history("5d", "12"));
  asked[0]?.answer(history("1d", "11"));
  await settled();
  expect(prices.state).toMatchObject({ state: "shown", history: { range: "5d" } });
  expect(prices.candles).toMatchObject([{ close: 12 }]);
});

it.each([
  ["has nothing of that range", new RequestError(404, "history_not_found", "nothing"), { state: "empty" }],
  ["cannot be reached", new RequestError(503, "source_down", "the source is down"), { state: "failed", error: { code: "source_down" } }],
])("says when the source %s, and asks again", async (_, error, state) => {
  prices.load("AAPL", "1d");
  asked[0]?.fail(error);
  await settled();
  expect(prices.state).toMatchObject(state);
  prices.again();
  expect(prices.state.state).toBe("loading");
  asked[1]?.answer(history("1d", "11"));
  await settled();
  expect(prices.state.state).toBe("shown");
});

it("moves its last bar with the live price, and begins the next", async () => {
  await shown();
  prices.follow(quote("AAPL", { price: "12", as_of: START + MINUTE }));
  expect(prices.candles).toMatchObject([{ close: 12, high: 12 }]);
  prices.follow(quote("AAPL", { price: "13", as_of: START + 6 * MINUTE }));
  expect(prices.candles).toMatchObject([{ close: 12 }, { close: 13, open: 13 }]);
});

it("is not moved by another symbol's price", async () => {
  await shown();
  prices.follow(quote("MSFT", { price: "500", as_of: START + MINUTE }));
  expect(prices.candles).toMatchObject([{ close: 11 }]);
});

it("reads bars that it missed anew, no more than once a minute, and keeps what it has when that fails", async () => {
  const clock = vi.spyOn(Date, "now").mockReturnValue(START);
  await shown();
  const late = quote("AAPL", { price: "12", as_of: START + 30 * MINUTE });
  clock.mockReturnValue(START + 30 * MINUTE);
  prices.follow(late);
  prices.follow(late);
  expect(asked).toHaveLength(2);
  expect(prices.state.state).toBe("shown");
  asked[1]?.fail(new RequestError(0, "unreachable", "no answer"));
  await settled();
  expect(prices.state.state).toBe("shown");
  clock.mockReturnValue(START + 32 * MINUTE);
  prices.follow(quote("AAPL", { price: "12", as_of: START + 42 * MINUTE }));
  expect(asked).toHaveLength(3);
});
