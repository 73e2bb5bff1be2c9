import { describe, expect, it } from "vitest";
import { filtered, nextSorting, sorted } from "../src/model/columns";
import { decodeEdit } from "../src/model/decode-edit";
import { Lists } from "../src/model/lists";
import { applyEdit, arranged, type Edit, moved, Picks } from "../src/model/picks";
import type { Quote, Watchlist } from "../src/model/types";
import { quote } from "./support/quotes";

const list = (id: string, symbols: string[] = [], changes: Partial<Watchlist> = {}): Watchlist => ({
  id,
  name: `List ${id}`,
  symbols,
  notes: {},
  version: 1,
  deleted: false,
  ...changes,
});

describe("an edit", () => {
  it.each<[Edit, Partial<Watchlist>]>([
    [{ kind: "add", symbol: "D" }, { symbols: ["A", "B", "C", "D"] }],
    [{ kind: "add", symbol: "D", at: 1 }, { symbols: ["A", "D", "B", "C"] }],
    [{ kind: "add", symbol: "B" }, { symbols: ["A", "B", "C"] }],
    [{ kind: "remove", symbol: "B" }, { symbols: ["A", "C"] }],
    [{ kind: "remove", symbol: "X" }, { symbols: ["A", "B", "C"] }],
    [{ kind: "arrange", symbols: ["C", "X", "A"] }, { symbols: ["C", "A", "B"] }],
    [{ kind: "rename", name: "New" }, { name: "New" }],
    [{ kind: "note", symbol: "A", text: "why" }, { notes: { A: "why", B: "old" } }],
    [{ kind: "note", symbol: "B", text: "" }, { notes: {} }],
  ])("%j", (edit, changes) => {
    const before = list("1", ["A", "B", "C"], { notes: { B: "old" } });
    expect(applyEdit(before, edit)).toEqual({ ...before, ...changes });
    expect(decodeEdit(JSON.parse(JSON.stringify({ list: "1", edit }))), "and it outlives the page").toEqual({ list: "1", edit });
  });

  it.each([null, {}, { list: "1" }, { list: "1", edit: { kind: "explode" } }, { list: "", edit: { kind: "remove", symbol: "A" } }, { list: "1", edit: { kind: "add", symbol: 7 } }])(
    "%j is none",
    (kept) => {
      expect(decodeEdit(kept)).toBeUndefined();
    },
  );
});

describe("an order", () => {
  it.each<[string, number, string]>([
    ["A", 2, "BCA"],
    ["C", 0, "CAB"],
    ["B", 1, "ABC"],
    ["A", 99, "BCA"],
    ["C", -5, "CAB"],
  ])("%s to place %i gives %s", (symbol, to, order) => {
    expect(moved(["A", "B", "C"], symbol, to).join("")).toBe(order);
  });

  it("keeps every symbol, whatever it names", () => {
    expect(arranged(["A", "B", "C"], [])).toEqual(["A", "B", "C"]);
    expect(arranged(["A", "B", "C"], ["Z", "B"])).toEqual(["B", "A", "C"]);
  });
});

describe("a list", () => {
  it("keeps the notes that a frame does not tell, of the symbols that stay", () => {
    const picks = new Picks(list("1", ["A", "B"], { notes: { A: "a", B: "b" } }));
    const { notes: _, ...frame } = list("1", ["B", "C"], { version: 2 });
    expect(picks.accept(frame)).toBe(true);
    expect(picks.list.notes).toEqual({ B: "b" });
    expect(picks.accept(list("1", ["B"], { version: 2, notes: { B: "new" } })), "an answer of the same version has them").toBe(true);
    expect(picks.list.notes).toEqual({ B: "new" });
  });
});

describe("the lists", () => {
  it("show the one that was there last, else the first", () => {
    const lists = new Lists("2");
    lists.replace([list("1", ["A"]), list("2", ["B", "A"])]);
    expect(lists.active?.list.id).toBe("2");
    expect(lists.symbols).toEqual(["A", "B"]);
    lists.activate("nowhere");
    expect(lists.active?.list.id).toBe("2");
    lists.replace([list("1"), list("3")]);
    expect(lists.active?.list.id).toBe("1");
  });

  it.each([
    ["1", "2"],
    ["2", "3"],
    ["3", "2"],
  ])("without %s show %s", (gone, next) => {
    const lists = new Lists();
    lists.replace(["1", "2", "3"].map((id) => list(id)));
    lists.activate(gone);
    expect(lists.remove(gone)).toBe(`List ${gone}`);
    expect(lists.active?.list.id).toBe(next);
    expect(lists.remove(gone)).toBeUndefined();
  });

  it("keep edits that are on their way when they are read again", () => {
    const lists = new Lists();
    lists.replace([list("1", ["A"])]);
    lists.get("1")?.begin({ kind: "add", symbol: "B" });
    expect(lists.replace([list("1", ["A", "C"], { version: 2 })]), "the same user's").toBe(true);
    expect(lists.active?.symbols).toEqual(["A", "C", "B"]);
    expect(lists.replace([list("9")]), "somebody else's").toBe(false);
  });
});

describe("the view of a list", () => {
  const quotes: Record<string, Quote> = {
    A: quote("A", { name: "Zebra", price: "9", volume: 5 }),
    B: quote("B", { name: "Apple", price: "10.5", volume: 50 }),
    C: quote("C", { name: "Müller", price: "-0.5" }),
  };
  const quoteOf = (symbol: string): Quote | undefined => quotes[symbol];
  const sort = (...args: Parameters<typeof nextSorting>): string =>
    sorted(["A", "B", "C", "D"], nextSorting(...args), quoteOf, new Intl.Collator("en").compare).join("");

  it("sorts figures from the largest, texts from the first, and then the other way round", () => {
    expect(sort(undefined, "price")).toBe("BACD");
    expect(sort({ column: "price", descending: true }, "price")).toBe("CABD");
    expect(sort({ column: "price", descending: false }, "price")).toBe("ABCD");
    expect(sort(undefined, "name")).toBe("BCAD");
    expect(sort(undefined, "symbol")).toBe("ABCD");
    expect(sort({ column: "symbol", descending: false }, "symbol")).toBe("DCBA");
  });

  it("has what is not known at the end, whichever way", () => {
    expect(sort(undefined, "volume")).toBe("BACD");
    expect(sort({ column: "volume", descending: true }, "volume")).toBe("ABCD");
  });

  it.each([
    ["", "ABCD"],
    ["  ", "ABCD"],
    ["apple", "B"],
    ["MÜLLER", "C"],
    ["d", "AD"],
    ["le pp", "B"],
    ["yard", "A"],
    ["nothing like it", ""],
  ])("filtered by %j has %j", (text, left) => {
    expect(filtered(["A", "B", "C", "D"], text, quoteOf, { A: "the yardstick" }).join("")).toBe(left);
  });
});
