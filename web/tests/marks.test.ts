import { describe, expect, it } from "vitest";
import { candlesOf } from "../src/model/candles";
import type { Dividend, History, Interval, Split } from "../src/model/history";
import { eventMarks } from "../src/model/marks";

const DAY = 86_400_000;
const START = Date.UTC(2020, 0, 1);

/** So many bars of a length in days, with dividends each so many days. */
function history(bars: number, days: number, interval: Interval, each: number, splits: Split[] = []): History {
  const dividends: Dividend[] = [];
  for (let day = 1; day < bars * days; day += each) dividends.push({ at: START + day * DAY, amount: "1" });
  const all = Array.from({ length: bars }, (_, index) => ({ time: START + index * days * DAY, close: "10" }));
  return { symbol: "A", range: "max", interval, bars: all, splits, dividends };
}

const marksOf = (of: History) => eventMarks(candlesOf(of), of);

describe("marks on a chart", () => {
  it("are all there, with letters, where there is room", () => {
    const { marks, dividends } = marksOf(history(360, 1, "1d", 91));
    expect([marks.length, dividends]).toEqual([4, { marked: 4, all: 4 }]);
    expect(marks.every(({ letter }) => letter)).toBe(true);
    expect(marks[0]?.time).toBe((START + DAY) / 1000);
  });

  it("of five years of quarters are all there, without letters", () => {
    const { marks, dividends } = marksOf(history(260, 7, "1wk", 91));
    expect(dividends).toEqual({ marked: 20, all: 20 });
    expect(marks.some(({ letter }) => letter)).toBe(false);
  });

  it("of decades are thinned evenly, and the newest is there", () => {
    const long = history(480, 31, "1mo", 91);
    const { marks, dividends } = marksOf(long);
    expect(dividends.all).toBe(long.dividends.length);
    expect(dividends.all).toBeGreaterThan(150);
    expect(dividends.marked).toBeLessThanOrEqual(24);
    expect(dividends.marked).toBeGreaterThan(12);
    expect(marks.at(-1)?.dividend).toEqual(long.dividends.at(-1));
    const gaps = marks.slice(1).map(({ time }, index) => time - (marks[index]?.time ?? 0));
    expect(Math.max(...gaps) - Math.min(...gaps)).toBeLessThanOrEqual((2 * 31 * DAY) / 1000);
  });

  it("stand once in a candle, the oldest first, with each split", () => {
    const split = { at: START + 40 * DAY, numerator: "4", denominator: "1" };
    const { marks, dividends } = marksOf(history(4, 31, "1mo", 7, [split]));
    expect(dividends).toEqual({ marked: 4, all: 18 });
    expect(marks.map(({ split }) => split !== undefined)).toEqual([false, false, true, false, false]);
    expect(marks[2]).toMatchObject({ split, letter: true });
    expect(marks.map(({ time }) => time)).toEqual([...marks.map(({ time }) => time)].sort((one, other) => one - other));
  });

  it("are not drawn of days before the first candle", () => {
    const early = { ...history(10, 1, "1d", 100), dividends: [{ at: START - 9 * DAY, amount: "1" }] };
    expect(marksOf(early)).toEqual({ marks: [], dividends: { marked: 0, all: 0 } });
  });
});
