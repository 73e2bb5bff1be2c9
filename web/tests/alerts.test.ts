import { describe, expect, it } from "vitest";
import { AlertsApi } from "../src/api/alerts";
import { RestClient } from "../src/api/rest";
import { alertsEnglish } from "../src/messages/alerts.en";
import { alertsGerman } from "../src/messages/alerts.de";
import { alertNotes, checkWords, deliveryWords, eventWords, ruleWords } from "../src/model/alert-words";
import { actionsFor, type Alert, type Check, levelsOf, mergeNotices, type Notice, type Receipt, type Rule, typedDecimal, type Verdict } from "../src/model/alerts";
import { decodeAlerts, decodeInbox, decodeNotices, decodeReceipts } from "../src/model/decode-alerts";
import { decodeFrame } from "../src/model/decode";
import { Formats } from "../src/model/format";
import { nameInSentence } from "../src/model/words";
import { FakePorts } from "./support/ports";

const formats = new Formats("en-US", "UTC");
const texts = alertsEnglish;

const WIRE_ALERT = {
  id: "9f86d081884c7d65",
  symbol: "AAPL",
  rule: { kind: "price_above", price: "150" },
  status: "armed",
  fired: 0,
  check: { verdict: "waiting", price: "147.20", threshold: "150", distance: "2.80", as_of: 5 },
  version: 3,
  created_at: 1,
  updated_at: 1,
};
const WIRE_NOTICE = {
  id: "019abf1c2d3e0123456789abcdef0123",
  alert: "9f86d081884c7d65",
  symbol: "AAPL",
  name: "Apple Inc.",
  rule: { kind: "price_above", price: "150" },
  event: "fired",
  at: 5,
  value: "151",
  threshold: "150",
  rising: true,
  price: "151",
  currency: "USD",
  as_of: 4,
  tick: 9,
  read: false,
  created_at: 6,
};

function alert(changes: Partial<Alert> = {}): Alert {
  const [decoded] = decodeAlerts({ alerts: [WIRE_ALERT] });
  if (!decoded) throw new Error("the alert of these tests cannot be read");
  return { ...decoded, ...changes };
}

function notice(changes: Partial<Notice> = {}): Notice {
  const [decoded] = decodeNotices([WIRE_NOTICE]);
  if (!decoded) throw new Error("the notice of these tests cannot be read");
  return { ...decoded, ...changes };
}

const standing = (verdict: Verdict, changes: Partial<Alert> = {}): Alert => alert({ check: { verdict }, ...changes });

describe("what the server tells of alerts", () => {
  it("is read with what is known, and without what is not", () => {
    expect(alert()).toEqual({
      id: "9f86d081884c7d65",
      symbol: "AAPL",
      rule: { kind: "price_above", price: "150" },
      check: { verdict: "waiting", price: "147.20", threshold: "150", distance: "2.80" },
      fired: 0,
      version: 3,
    });
    const rule = { kind: "move", percent: "5", direction: "down", since: "window", window_minutes: 60 };
    const split = { ratio: "2", since: 4, undone: false };
    expect(decodeAlerts({ alerts: [{ ...WIRE_ALERT, rule, split, note: "sell" }] })[0]).toMatchObject({ rule, split_ratio: "2", note: "sell" });
    expect(decodeAlerts({ alerts: [{ ...WIRE_ALERT, split: { ...split, undone: true } }] })[0]).not.toHaveProperty("split_ratio");
  });

  it.each([
    ["no id", { id: undefined }],
    ["no symbol", { symbol: 5 }],
    ["a kind of rule that is not known", { rule: { kind: "moon" } }],
    ["a standing that is not known", { check: { verdict: "?" } }],
  ])("leaves out an alert with %s, and keeps the others", (_, change) => {
    const other = { ...WIRE_ALERT, id: "other" };
    expect(decodeAlerts({ alerts: [{ ...WIRE_ALERT, ...change }, other] }).map(({ id }) => id)).toEqual(["other"]);
  });

  it("comes in frames and in pages", () => {
    const frame = decodeFrame(JSON.stringify({ type: "alert", notifications: [WIRE_NOTICE, { id: "x" }] }));
    expect(frame).toEqual({ type: "alert", notifications: [notice()] });
    expect(decodeInbox({ notifications: [WIRE_NOTICE], unread: 4, next: "abc" })).toEqual({ notifications: [notice()], unread: 4, next: "abc" });
    expect(decodeInbox("nothing")).toBeUndefined();
  });

  it("says where an event was told", () => {
    const delivery = { state: "pending", shown: true, held: { by: "quiet_hours", until: 9 }, devices: [{ outcome: "accepted" }, { outcome: "gone" }] };
    expect(decodeReceipts({ receipts: [{ notification: WIRE_NOTICE, delivery }] })).toEqual([
      { notice: notice(), state: "pending", shown: true, held: { by: "quiet_hours", until: 9 }, accepted: 1 },
    ]);
  });
});

describe("what can be done about an alert", () => {
  it.each<[Verdict, string[]]>([
    ["waiting", ["snooze", "mute", "pause"]],
    ["beyond", ["snooze", "mute", "pause"]],
    ["snoozed", ["mute", "rearm", "pause"]],
    ["resting", ["snooze", "mute", "rearm", "pause"]],
    ["fired", ["snooze", "rearm"]],
    ["paused", ["rearm"]],
    ["expired", []],
  ])("that is %s", (verdict, actions) => {
    expect(actionsFor(standing(verdict))).toEqual(actions);
  });

  it("includes taking back an adjustment for a split, when there was one", () => {
    expect(actionsFor(standing("waiting", { split_ratio: "2" }))).toContain("undo_split");
  });
});

describe("the lines on a chart", () => {
  it("are at the prices that are waited for", () => {
    const check = { threshold: "150" };
    const of = (verdict: Verdict, rule: Rule = { kind: "price_above", price: "150" }): Alert => alert({ id: verdict, rule, check: { ...check, verdict } });
    const all = [of("waiting"), of("snoozed"), of("fired"), of("paused"), of("resting", { kind: "volume_spike", times: "3" }), standing("no_quote")];
    expect(levelsOf(all)).toEqual([
      { id: "waiting", price: "150", movable: true },
      { id: "snoozed", price: "150", movable: true },
    ]);
    expect(levelsOf([of("waiting", { kind: "move", percent: "5" })]), "a price that follows from another").toMatchObject([{ movable: false }]);
  });
});

describe("a name in a sentence", () => {
  it("is cut when it would hide what is said of it", () => {
    expect(nameInSentence("Apple Inc.")).toBe("Apple Inc.");
    expect(nameInSentence("W".repeat(300))).toBe(`${"W".repeat(48)}\u2026`);
    expect(nameInSentence("\u{1F600}".repeat(60)), "no letter is cut in two").toBe(`${"\u{1F600}".repeat(48)}\u2026`);
  });
});

describe("the inbox", () => {
  it("has each notice once, the newest first, as it was told last", () => {
    const [old, newer] = [notice({ id: "a" }), notice({ id: "b" })];
    expect(mergeNotices([newer], [old, { ...newer, read: true }])).toEqual([{ ...newer, read: true }, old]);
  });
});

describe("a typed number", () => {
  it.each([
    ["150", ".", "150"],
    ["150.25", ".", "150.25"],
    ["150,25", ",", "150.25"],
    ["150.25", ",", "150.25"],
    ["1 234,5", ",", "1234.5"],
    ["5 %", ".", "5"],
    ["", ".", undefined],
    ["abc", ".", undefined],
    ["-5", ".", undefined],
    ["1e5", ".", undefined],
    ["1.2.3", ".", undefined],
  ])("%s with %s", (typed, sign, expected) => {
    expect(typedDecimal(typed, sign)).toBe(expected);
  });
});

describe("the words", () => {
  it.each<[Rule, string]>([
    [{ kind: "price_above", price: "150" }, "rises to 150.00"],
    [{ kind: "price_below", price: "0.00001234" }, "falls to 0.00001234"],
    [{ kind: "move", percent: "5" }, "moves up or down 5.00\u202f%, from the previous close"],
    [{ kind: "move", percent: "5", direction: "down", since: "window", window_minutes: 60 }, "moves down 5.00\u202f%, within 60 minutes"],
    [{ kind: "new_high" }, "a new 52-week high"],
    [{ kind: "volume_spike", times: "3" }, "3.00 times the average volume"],
  ])("of the rule %j", (rule, words) => {
    expect(ruleWords(rule, texts, formats)).toBe(words);
  });

  it("say how far it is, and that a price past its threshold has to come back", () => {
    const check: Check = { verdict: "waiting", threshold: "150", distance: "-2.8" };
    const rule: Rule = { kind: "price_above", price: "150" };
    expect(checkWords(check, rule, texts, formats)).toBe("waits: 2.80 to go to 150.00");
    expect(checkWords({ ...check, verdict: "beyond" }, rule, texts, formats)).toBe("is past it already: it has to come back first");
    expect(checkWords({ verdict: "waiting", threshold: "3000000", distance: "1000000" }, { kind: "volume_spike", times: "3" }, texts, formats)).toBe("waits: 1M to go to 3M");
    expect(checkWords({ verdict: "no_quote" }, rule, texts, formats)).toBe("waits for the first price");
  });

  it("say how often an alert fired, how it repeats and that it was adjusted", () => {
    const repeat = { cool_down_minutes: 15, hysteresis_percent: "0.5" };
    expect(alertNotes(alert({ repeat, split_ratio: "2" }), texts, formats)).toEqual(["repeats, rests 15 minutes", "adjusted for a split, 2.00 for 1"]);
    expect(alertNotes(alert({ fired: 2, fired_at: 0 }), texts, formats)[0]).toMatch(/^fired 2 times, last /);
    expect(alertNotes(alert(), texts, formats)).toEqual([]);
  });

  it("say what happened and where it was told", () => {
    expect(eventWords(notice(), texts, formats)).toBe("Fired at 151.00");
    expect(eventWords(notice({ event: "split_adjusted", ratio: "2" }), texts, formats)).toBe("Adjusted for a split, 2.00 for 1");
    const receipt: Receipt = { notice: notice(), state: "delivered", shown: true, accepted: 2 };
    expect(deliveryWords(receipt, texts, formats)).toBe("delivered, shown on the open page, taken by 2 devices");
    const held = { by: "quiet_hours", until: 0 } as const;
    expect(deliveryWords({ ...receipt, state: "pending", held }, texts, formats)).toMatch(/waits for the end of your quiet hours/);
    expect(deliveryWords({ ...receipt, held }, texts, formats), "what was delivered waits for nothing").not.toMatch(/waits/);
  });

  it("are all there in German too", () => {
    const shape = (value: unknown): unknown =>
      typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, shape(item)])) : typeof value;
    expect(shape(alertsGerman)).toEqual(shape(alertsEnglish));
  });
});

describe("the requests", () => {
  it("change an alert only as it was read, and page through the inbox", async () => {
    const ports = new FakePorts();
    ports.answer = ({ path }) => ({ json: path.includes("notifications") ? { notifications: [], unread: 1 } : WIRE_ALERT });
    const api = new AlertsApi(new RestClient(ports));
    await api.replace(alert(), { rule: { kind: "new_low" } });
    await api.inbox("a b");
    await api.read("all");
    await api.read(["x"]);
    expect(ports.requests.map(({ method, path, body }) => [method, path, body])).toEqual([
      ["PUT", "/api/v1/alerts/9f86d081884c7d65", { rule: { kind: "new_low" } }],
      ["GET", "/api/v1/notifications?limit=30&before=a%20b", undefined],
      ["POST", "/api/v1/notifications/read", { all: true }],
      ["POST", "/api/v1/notifications/read", { ids: ["x"] }],
    ]);
    expect(ports.requests[0]?.headers["if-match"]).toBe('"3"');
  });
});
