import { describe, expect, it } from "vitest";
import { convert } from "../src/model/convert";
import { decodeRates, decodeSparks } from "../src/model/extras";
import { describe as describeApi } from "../src/model/openapi";
import { rowOf } from "../src/model/row";
import { summaryOf } from "../src/model/since";
import { sparkPoints as pointsOf, sparkValues } from "../src/model/spark";
import { quote } from "./support/quotes";

const sparkPoints = (spark: Parameters<typeof sparkValues>[0], ...rest: [string | undefined, number, number]) => pointsOf(sparkValues(spark), ...rest);

describe("a small drawing", () => {
  it("fills its box, with the live price at its end", () => {
    expect(sparkPoints({ closes: ["1", "3"], previous_close: "2" }, "2", 100, 28)).toEqual({ points: "0,27 50,1 100,14", base: 14, direction: "flat" });
    expect(sparkPoints({ closes: ["1", "2"] }, undefined, 100, 28)).toMatchObject({ direction: "up", base: undefined });
    expect(sparkPoints({ closes: ["2", "1"], previous_close: "0.5" }, undefined, 100, 28)?.direction).toBe("up");
  });

  it("of a price that does not move is a line in the middle", () => {
    expect(sparkPoints({ closes: ["5", "5"] }, "5", 10, 28)?.points).toBe("0,14 5,14 10,14");
  });

  it("needs two points", () => {
    expect(sparkPoints({ closes: ["5"] }, undefined, 10, 28)).toBeUndefined();
    expect(decodeSparks({ sparks: { A: { closes: ["1"] }, B: { closes: ["1", "x", "2"] }, C: 7 } })).toEqual(new Map([["B", { closes: ["1", "2"] }]]));
  });
});

describe("since somebody looked", () => {
  const before = { at: 5, prices: { A: "10", B: "10", C: "10", D: "0" } };

  it("counts what rose and fell, and names what moved most", () => {
    expect(summaryOf(before, { A: "11", B: "8", C: "10.0", E: "99" })).toEqual({ at: 5, up: 1, down: 1, most: { symbol: "B", percent: "-20.00" } });
  });

  it("says that nothing changed, and nothing when nothing can be compared", () => {
    expect(summaryOf(before, { A: "10" })).toEqual({ at: 5, up: 0, down: 0 });
    expect(summaryOf(before, { X: "1" })).toBeUndefined();
    expect(summaryOf(before, { D: "1" }), "no percentage of nothing").toEqual({ at: 5, up: 1, down: 0 });
  });
});

describe("my currency", () => {
  const rates = decodeRates({ rates: { USD: { rate: "0.5", at: 1 }, GBp: { rate: 7 } } });

  it("is shown where it is another one and its rate is known", () => {
    expect(convert(quote("A", { currency: "USD", price: "10" }), "EUR", rates)).toEqual({ amount: 5, currency: "EUR" });
    expect(convert(quote("A", { currency: "EUR", price: "10" }), "EUR", rates)).toBeUndefined();
    expect(convert(quote("A", { currency: "GBp", price: "10" }), "EUR", rates)).toBeUndefined();
    expect(convert(quote("A", { currency: "USD", kind: "index" }), "EUR", rates)).toBeUndefined();
    expect(convert(quote("A", { currency: "USD" }), undefined, rates)).toBeUndefined();
  });
});

describe("a row", () => {
  it("counts the moves of its price, and knows where it went", () => {
    const first = rowOf(undefined, quote("A", { price: "10" }), undefined);
    expect([first.move, first.moves]).toEqual([undefined, 0]);
    const up = rowOf(first, quote("A", { price: "10.01" }), undefined);
    expect([up.move, up.moves]).toEqual(["up", 1]);
    const same = rowOf(up, quote("A", { price: "10.010" }), "delisted");
    expect([same.move, same.moves, same.missing]).toEqual(["up", 1, "delisted"]);
    expect(rowOf(same, quote("A", { price: "9" }), undefined)).toMatchObject({ move: "down", moves: 2 });
    expect(rowOf(same, quote("A", { price: "9" }), undefined, false)).toMatchObject({ quote: { price: "9" }, move: "up", moves: 1 });
  });
});

describe("other answers", () => {
  it("an API is described by its operations", () => {
    const operation = { tags: ["prices"], summary: "Quotes", parameters: [{ name: "symbols", in: "query" }, 7], responses: { 200: { description: "ok", content: { "application/json": { example: { a: 1 } } } } } };
    const groups = describeApi({ paths: { "/quotes": { get: operation, parameters: [] }, "/x": null } });
    expect([...groups.keys()]).toEqual(["prices"]);
    expect(groups.get("prices")).toEqual([
      {
        id: "get /quotes",
        method: "GET",
        path: "/quotes",
        summary: "Quotes",
        description: "",
        parameters: [{ name: "symbols", where: "query", description: "" }],
        answers: [{ status: "200", description: "ok", example: '{\n  "a": 1\n}' }],
      },
    ]);
    expect(describeApi("nonsense").size).toBe(0);
  });
});
