import { describe, expect, it } from "vitest";
import { candlesOf, ExchangeClock, hasGap, liveCandle } from "../src/model/candles";
import { type Bar, decodeHistory, type History } from "../src/model/history";
import { quote } from "./support/quotes";

const at = (text: string): number => Date.parse(text);
const seconds = (text: string): number => at(text) / 1000;

function history(interval: History["interval"], bars: Bar[], changes: Partial<History> = {}): History {
  return { symbol: "AAPL", range: "1d", interval, time_zone: "America/New_York", bars, splits: [], dividends: [], ...changes };
}

const bar = (time: string, close: string, changes: Partial<Bar> = {}): Bar => ({ time: at(time), open: "10", high: "12", low: "9", close, ...changes });

describe("a history", () => {
  it("is read with its events, and what cannot be read is left out", () => {
    const read = decodeHistory({
      symbol: "AAPL",
      range: "5y",
      interval: "1wk",
      currency: "USD",
      bars: [{ time: 2000, close: "2" }, { time: "x" }, { time: 1000, close: "1", volume: 5, high: 7 }],
      events: { splits: [{ at: 1000, numerator: "4", denominator: "1" }, { at: 1 }], dividends: [{ at: 2000, amount: "0.24" }, null] },
    });
    expect(read).toEqual({
      symbol: "AAPL",
      range: "5y",
      interval: "1wk",
      currency: "USD",
      bars: [{ time: 1000, close: "1", volume: 5 }, { time: 2000, close: "2" }],
      splits: [{ at: 1000, numerator: "4", denominator: "1" }],
      dividends: [{ at: 2000, amount: "0.24" }],
    });
  });

  it.each([[null], ["AAPL"], [{ symbol: "AAPL" }], [{ symbol: "AAPL", range: "2d", interval: "5m" }]])("%j is none", (value) => {
    expect(decodeHistory(value)).toBeUndefined();
  });
});

describe("the exchange's clock", () => {
  it.each([
    ["America/New_York", "2026-01-05T14:30:00Z", "2026-01-05T09:30:00Z"],
    ["America/New_York", "2026-07-06T13:30:00Z", "2026-07-06T09:30:00Z"],
    ["Australia/Sydney", "2026-01-04T23:00:00Z", "2026-01-05T10:00:00Z"],
    ["Asia/Kolkata", "2026-01-05T03:45:00Z", "2026-01-05T09:15:00Z"],
    ["America/New_York", "2026-01-05T05:00:00Z", "2026-01-05T00:00:00Z"],
    ["Nowhere/Land", "2026-01-05T14:30:00Z", "2026-01-05T14:30:00Z"],
    [undefined, "2026-01-05T14:30:00Z", "2026-01-05T14:30:00Z"],
  ])("of %s shows %s as %s", (zone, moment, shown) => {
    expect(new Date(new ExchangeClock(zone).shown(at(moment))).toISOString().replace(".000", "")).toBe(shown);
  });

  it("gives bars of days their day, whatever the hour", () => {
    expect(new ExchangeClock("Australia/Sydney").axis(at("2026-01-04T23:00:00Z"), "1d")).toBe(seconds("2026-01-05T00:00:00Z"));
  });
});

describe("candles", () => {
  it("stand on the exchange's clock, and take the close for prices that are missing", () => {
    const [first, second, ...rest] = candlesOf(
      history("5m", [bar("2026-01-05T14:30:00Z", "11"), { time: at("2026-01-05T14:35:00Z"), close: "11.5" }, { time: at("2026-01-05T14:40:00Z") }]),
    );
    expect(first).toMatchObject({ time: seconds("2026-01-05T09:30:00Z"), open: 10, high: 12, low: 9, close: 11 });
    expect(second).toMatchObject({ open: 11.5, high: 11.5, low: 11.5, close: 11.5 });
    expect(rest).toEqual([]);
  });

  it("contain their open and close even when the source's extremes do not", () => {
    expect(candlesOf(history("1d", [bar("2026-01-05T14:30:00Z", "13", { low: "11" })]))[0]).toMatchObject({ high: 13, low: 10 });
  });

  it("only go forward: two bars of one day are the later one", () => {
    const candles = candlesOf(history("1d", [bar("2026-01-05T14:30:00Z", "1"), bar("2026-01-05T21:00:00Z", "2"), bar("2026-01-06T14:30:00Z", "3")]));
    expect(candles.map(({ close }) => close)).toEqual([2, 3]);
  });
});

describe("the live bar", () => {
  const intraday = history("5m", [bar("2026-01-05T14:30:00Z", "11")]);
  const last = candlesOf(intraday)[0];

  it("moves while its interval runs", () => {
    const moved = liveCandle(last, intraday, quote("AAPL", { price: "12.5", as_of: at("2026-01-05T14:34:59Z") }));
    expect(moved).toMatchObject({ time: last?.time, open: 10, close: 12.5, high: 12.5, low: 9 });
  });

  it("is a new one when that is over, in the interval the price is of", () => {
    const next = liveCandle(last, intraday, quote("AAPL", { price: "8", as_of: at("2026-01-05T14:42:10Z") }));
    expect(next).toMatchObject({ time: seconds("2026-01-05T09:40:00Z"), open: 8, high: 8, low: 8, close: 8 });
  });

  it("stays the last one after the market closed", () => {
    const closed = quote("AAPL", { price: "11.2", as_of: at("2026-01-05T21:00:00Z"), market_state: "closed" });
    expect(liveCandle(last, intraday, closed)).toMatchObject({ time: last?.time, close: 11.2 });
  });

  it.each([
    ["without a price", quote("AAPL", { price: "", as_of: at("2026-01-05T14:31:00Z") })],
    ["of the same price", quote("AAPL", { price: "11", as_of: at("2026-01-05T14:31:00Z") })],
    ["that is older", quote("AAPL", { price: "12", as_of: at("2026-01-05T14:29:00Z") })],
    ["without a time", quote("AAPL", { price: "12", as_of: 0 })],
  ])("is not touched by a quote %s", (_, live) => {
    const { price, ...without } = live;
    expect(liveCandle(last, intraday, price === "" ? without : live)).toBeUndefined();
  });

  it("of a day has the day's extremes and volume; a new day begins another", () => {
    const daily = history("1d", [bar("2026-01-05T14:30:00Z", "11")]);
    const day = candlesOf(daily)[0];
    const live = quote("AAPL", { price: "11.5", day_high: "14", day_low: "8", volume: 700 });
    expect(liveCandle(day, daily, { ...live, as_of: at("2026-01-05T19:00:00Z") })).toMatchObject({ time: day?.time, high: 14, low: 8, volume: 700 });
    expect(liveCandle(day, daily, { ...live, as_of: at("2026-01-06T14:30:01Z") })).toMatchObject({ time: seconds("2026-01-06T00:00:00Z"), high: 11.5 });
  });

  it("of a month ends with the month", () => {
    const monthly = history("1mo", [bar("2026-01-01T05:00:00Z", "11")]);
    const month = candlesOf(monthly)[0];
    expect(liveCandle(month, monthly, quote("AAPL", { price: "12", as_of: at("2026-01-31T20:00:00Z") }))?.time).toBe(month?.time);
    expect(liveCandle(month, monthly, quote("AAPL", { price: "12", as_of: at("2026-02-02T20:00:00Z") }))?.time).toBe(seconds("2026-02-01T00:00:00Z"));
  });

  it("begins a chart that has no bar yet", () => {
    expect(liveCandle(undefined, history("5m", []), quote("AAPL", { as_of: at("2026-01-05T14:31:00Z") }))).toMatchObject({
      time: seconds("2026-01-05T09:30:00Z"),
      close: 10,
    });
  });

  it("shows a gap when whole intervals went by without the page seeing them", () => {
    const seen = (time: string): boolean => hasGap(last, intraday, quote("AAPL", { as_of: at(time) }));
    expect(seen("2026-01-05T14:39:59Z")).toBe(false);
    expect(seen("2026-01-05T14:40:00Z")).toBe(true);
  });
});
