import { beforeEach, describe, expect, it } from "vitest";
import { RequestError, type RestClient } from "../src/api/rest";
import { english } from "../src/messages/translate";
import type { Alert } from "../src/model/alerts";
import { Formats } from "../src/model/format";
import { gripPlaces, nearestLevel, paddedPrice, snappedPrice, steppedPrice, termsAt } from "../src/model/levels";
import { SymbolAlertsState } from "../src/ui/alerts/symbol-alerts.svelte";
import type { Dashboard } from "../src/ui/dashboard.svelte";
import type { Message } from "../src/ui/toasts.svelte";
import { settled } from "./support/ports";

describe("a price on a chart", () => {
  it.each([
    [200.4567, 2, "200.46"],
    [200.4567, 0, "200"],
    [1.23456, 4, "1.2346"],
    [0.123456, 2, "0.1235"],
    [0.0000123456, 2, "0.00001235"],
    [0.000000001, 2, "0.00000001"],
    [-5, 2, "0.01"],
    [1e15, 2, "999999999999.00"],
  ])("%d with %d decimals is %s", (price, hint, snapped) => {
    expect(snappedPrice(price, hint)).toBe(snapped);
  });

  it.each([
    ["200.5", 1, 2, "200.51"],
    ["200.5", -10, 2, "200.40"],
    ["1000", 1, 0, "1001"],
    ["0.5", 1, 2, "0.5001"],
    ["5", -10, 0, "1"],
    ["1.00", -1, 2, "0.9900"],
  ])("%s and %d steps of %d decimals is %s", (price, steps, hint, further) => {
    expect(steppedPrice(price, steps, hint)).toBe(further);
  });

  it.each([
    ["200.5", 2, "200.50"],
    ["200", 2, "200.00"],
    ["200", 0, "200"],
    ["0.12345", 2, "0.12345"],
  ])("%s is written with at least %d decimals: %s", (price, hint, padded) => {
    expect(paddedPrice(price, hint)).toBe(padded);
  });
});

describe("grips", () => {
  it("lie over their lines, and beside each other where lines are close", () => {
    const lines = [{ id: "a", y: 100 }, { id: "b", y: 110 }, { id: "c", y: 105 }, { id: "d", y: 140 }];
    expect(gripPlaces(lines, 300, 28)).toEqual([
      { id: "a", y: 100, column: 0, beyond: undefined },
      { id: "c", y: 105, column: 1, beyond: undefined },
      { id: "b", y: 110, column: 2, beyond: undefined },
      { id: "d", y: 140, column: 0, beyond: undefined },
    ]);
  });

  it("wait at the edge for a price that is out of sight", () => {
    expect(gripPlaces([{ id: "a", y: -500 }, { id: "b", y: 900 }, { id: "c", y: 2 }], 300, 28)).toEqual([
      { id: "a", y: 14, column: 0, beyond: "above" },
      { id: "c", y: 14, column: 1, beyond: undefined },
      { id: "b", y: 286, column: 0, beyond: "below" },
    ]);
  });

  it("are not needed where a line is within reach: the nearest one", () => {
    const lines = [{ id: "a", y: 100 }, { id: "b", y: 106 }];
    expect([93, 97, 103.5, 111, 112].map((y) => nearestLevel(lines, y, 5))).toEqual([undefined, "a", "b", "b", undefined]);
  });
});

const WIRE = { id: "a1", symbol: "AAPL", rule: { kind: "price_above", price: "150" }, repeat: { cool_down_minutes: 15, hysteresis_percent: "0.5" }, note: "sell", expires_at: 9, check: { verdict: "waiting", threshold: "150" }, version: 3 };

describe("the alerts beside a chart", () => {
  let told: Message[];
  let sent: { method: string; path: string; body: unknown; headers: unknown }[];
  let answer: (method: string) => Promise<unknown>;
  let alerts: SymbolAlertsState;

  beforeEach(async () => {
    told = [];
    sent = [];
    answer = async () => ({ alerts: [WIRE, { ...WIRE, id: "other", symbol: "MSFT" }] });
    const rest: Pick<RestClient, "send"> = {
      send: (method, path, options) => {
        sent.push({ method, path, body: options?.body, headers: options?.headers });
        return answer(method);
      },
    };
    const dashboard = {
      t: english,
      formats: new Formats("en-US", "UTC"),
      toasts: { show: (message: Message) => told.push(message) },
      ask: <T>(what: (client: RestClient) => Promise<T>) => what(rest as RestClient),
    };
    alerts = new SymbolAlertsState(dashboard as unknown as Dashboard);
    await alerts.load("AAPL");
    sent = [];
  });

  it("are those of the symbol, and one is moved without the server until it is saved", async () => {
    expect(alerts.all.map(({ id }) => id)).toEqual(["a1"]);
    alerts.move("a1", "151.25");
    expect(alerts.levels).toEqual([{ id: "a1", price: "151.25", movable: true }]);
    expect(sent).toEqual([]);
    answer = async () => ({ ...WIRE, rule: { kind: "price_above", price: "151.25" }, check: { verdict: "waiting", threshold: "151.25" }, version: 4 });
    await alerts.save(2);
    const body = { rule: { kind: "price_above", price: "151.25" }, repeat: WIRE.repeat, note: "sell", expires_at: 9 };
    expect(sent).toEqual([{ method: "PUT", path: "/alerts/a1", body, headers: { "if-match": '"3"' } }]);
    expect(alerts.levels).toEqual([{ id: "a1", price: "151.25", movable: true }]);
    expect(told.map(({ text }) => text)).toEqual(["The alert for AAPL is changed: rises to 151.25"]);

    answer = async () => ({ ...WIRE, version: 5 });
    told[0]?.action?.run();
    await settled();
    expect(sent.at(-1)).toMatchObject({ body: { rule: { price: "150" } }, headers: { "if-match": '"4"' } });
    expect(alerts.levels).toMatchObject([{ price: "150" }]);
    expect(told.at(-1)?.action, "what was undone is not offered again").toBeUndefined();
  });

  it("say when the price has to go back first", async () => {
    alerts.move("a1", "100");
    answer = async () => ({ ...WIRE, rule: { kind: "price_above", price: "100" }, check: { verdict: "beyond", threshold: "100" } });
    await alerts.save(2);
    expect(told[0]?.text).toContain("rises to 100.00; is past it already");
  });

  it.each<[string, RequestError, string]>([
    ["there is no network", new RequestError(0, "unreachable", ""), "The alert stays at 150.00: The server cannot be reached"],
    ["it was changed elsewhere", new RequestError(412, "version_conflict", ""), "The alert stays at 150.00: This alert was changed elsewhere"],
  ])("go back and say why when %s", async (_, error, words) => {
    alerts.move("a1", "151");
    answer = async (method) => {
      if (method === "PUT") throw error;
      return { alerts: [{ ...WIRE, check: { verdict: "waiting", threshold: "149" }, version: 9 }] };
    };
    await alerts.save(2);
    await settled();
    expect(told.map(({ text, tone }) => [text.slice(0, words.length), tone])).toEqual([[words, "bad"]]);
    expect(alerts.draft).toBeUndefined();
    // What changed elsewhere is read again, and the line goes there.
    expect(alerts.levels).toMatchObject([{ price: error.status === 412 ? "149" : "150" }]);
  });

  it("send nothing for a line that is where it was, or that was let go", async () => {
    alerts.move("a1", "150.00");
    await alerts.save(2);
    alerts.move("a1", "151");
    alerts.cancel();
    await alerts.save(2);
    expect([sent, alerts.draft, told]).toEqual([[], undefined, []]);
  });

  it("take no line that there is not, and no second one while the server is told of the first", async () => {
    alerts.move("gone", "1");
    expect(alerts.draft).toBeUndefined();
    alerts.move("a1", "151");
    let done: (value: unknown) => void = () => {};
    answer = () => new Promise((resolve) => (done = resolve));
    const saved = alerts.save(2);
    alerts.move("a1", "160");
    alerts.cancel();
    expect(alerts.draft).toEqual({ id: "a1", price: "151" });
    await settled();
    done({ ...WIRE, rule: { kind: "price_above", price: "151" }, check: { verdict: "waiting", threshold: "151" } });
    await saved;
    expect(alerts.levels).toMatchObject([{ price: "151" }]);
  });

  it("let a line go that fired while it was held", async () => {
    alerts.move("a1", "151");
    answer = async () => ({ alerts: [{ ...WIRE, check: { verdict: "fired" } }] });
    await alerts.load("AAPL");
    expect([alerts.draft, alerts.levels]).toEqual([undefined, []]);
  });

  it("keep their other terms", () => {
    const bare: Alert = { id: "b", symbol: "AAPL", rule: { kind: "price_below", price: "5" }, check: { verdict: "waiting" }, fired: 0, version: 1 };
    expect(termsAt(bare, "4")).toEqual({ rule: { kind: "price_below", price: "4" } });
  });
});
