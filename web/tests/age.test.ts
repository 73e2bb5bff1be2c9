import { describe, expect, it } from "vitest";
import { english } from "../src/messages/translate";
import { ageNotes, ago, freshnessOf, marketWord, priceAge } from "../src/model/age";
import { Formats } from "../src/model/format";
import type { MarketState, SourceHealth, SourceState } from "../src/model/types";
import { connectionWords, kindWord, missingWords, sourceKindNotice, sourceWords } from "../src/model/words";
import { quote } from "./support/quotes";

const NOW = Date.UTC(2026, 10, 24, 15, 30);
const formats = new Formats("en-US", "UTC");

describe("freshness", () => {
  const polled = quote("AAPL", { polled_at: NOW - 300_000 });

  it.each<[string, SourceState, boolean, number, boolean]>([
    ["the source answers and the socket is open", "ok", true, 0, false],
    ["prices come through the poorer endpoint", "degraded", true, 0, false],
    ["the socket was lost a moment ago", "ok", false, NOW - 10_000, false],
    ["the socket was lost long ago", "ok", false, NOW - 200_000, true],
    ["the source refuses", "refused", true, NOW, true],
    ["the source cannot be reached", "unreachable", true, NOW, true],
  ])("%s", (_, state, live, lastLiveAt, stale) => {
    const link = { source: { state, interval: 60 }, live, lastLiveAt };
    expect(freshnessOf(polled, link, NOW).stale).toBe(stale);
  });

  it("without a word of the source a price is as old as its poll", () => {
    const link = { source: undefined, live: false, lastLiveAt: 0 };
    expect(freshnessOf(polled, link, NOW)).toEqual({ stale: true, confirmedAt: NOW - 300_000 });
    expect(freshnessOf(polled, link, NOW - 200_000)).toEqual({ stale: false, confirmedAt: NOW - 300_000 });
  });

  it("a source that fails for less than two intervals leaves prices fresh", () => {
    const link = { source: { state: "refused" as const, interval: 60, last_ok_at: NOW - 100_000 }, live: true, lastLiveAt: NOW };
    expect(freshnessOf(polled, link, NOW)).toEqual({ stale: false, confirmedAt: NOW - 100_000 });
    expect(freshnessOf(polled, link, NOW + 21_000).stale).toBe(true);
  });
});

describe("what a price was last confirmed by", () => {
  const at = (polled: number) => quote("AAPL", { polled_at: NOW - polled });
  const ok: SourceHealth = { state: "ok", interval: 60 };

  it.each<[string, number, SourceHealth, boolean, number, number]>([
    ["the open socket", 500_000, ok, true, 0, 0],
    ["the socket, when it was last open", 500_000, ok, false, 40_000, 40_000],
    ["the poll, when that was later than the socket", 30_000, ok, false, 40_000, 30_000],
    ["the source's last answer, open socket or not", 500_000, { ...ok, state: "refused", last_ok_at: NOW - 70_000 }, true, 0, 70_000],
    ["the poll, when the source never answered", 500_000, { ...ok, state: "unreachable" }, true, 0, 500_000],
    ["the poll, while the source starts", 500_000, { ...ok, state: "starting" }, true, 0, 500_000],
  ])("%s", (_, polled, source, live, liveAgo, confirmedAgo) => {
    expect(freshnessOf(at(polled), { source, live, lastLiveAt: NOW - liveAgo }, NOW).confirmedAt).toBe(NOW - confirmedAgo);
  });

  it.each([
    [1, 15_000],
    [7, 15_000],
    [8, 16_000],
    [60, 120_000],
  ])("with an interval of %i s a price may be unconfirmed for %i ms", (interval, patience) => {
    const lost = (unconfirmed: number) => ({ source: { ...ok, interval }, live: false, lastLiveAt: NOW - unconfirmed });
    expect(freshnessOf(at(500_000), lost(patience), NOW).stale).toBe(false);
    expect(freshnessOf(at(500_000), lost(patience + 1), NOW).stale).toBe(true);
  });
});

describe("ages", () => {
  it.each([
    [-5000, "just now"],
    [999, "just now"],
    [12_400, "12 s ago"],
    [59_999, "59 s ago"],
    [61_000, "1 min ago"],
    [7_300_000, "2 h ago"],
    [86_400_000, "1 day ago"],
    [3 * 86_400_000, "3 days ago"],
  ])("%i ms is %s", (age, words) => {
    expect(ago(age, english)).toBe(words);
  });

  it.each<[MarketState, number, string]>([
    ["regular", 5000, "5 s ago"],
    ["post", 3_600_000, "price of 02:30 PM"],
    ["closed", 2 * 86_400_000, "price of Nov 22"],
  ])("in a market that is %s", (market_state, age, words) => {
    expect(priceAge(quote("AAPL", { market_state, as_of: NOW - age }), NOW, formats)).toBe(words);
  });

  it.each<[MarketState, string | undefined]>([
    ["pre_pre", "closed"],
    ["pre", "pre-market"],
    ["regular", undefined],
    ["post", "post-market"],
    ["post_post", "closed"],
    ["closed", "closed"],
    ["unknown", undefined],
  ])("a market that is %s is called %s", (state, word) => {
    expect(marketWord(state, english)).toBe(word);
  });

  it("names the day, as the exchange has it, from a whole day on", () => {
    const of = quote("7203.T", { time_zone: "Asia/Tokyo", as_of: NOW - 86_400_000 });
    expect(priceAge(of, NOW, formats)).toBe("price of Nov 24");
    expect(priceAge(of, NOW - 1, formats)).toBe("23 h ago");
  });

  it("a moment that is not known is not made up", () => {
    expect(priceAge(quote("AAPL", { as_of: 0 }), NOW, formats)).toBe("time not known");
  });

  it("says what the market does, when the price is from and how late it is", () => {
    const late = quote("VOD.L", { market_state: "closed", as_of: NOW - 3_600_000, delay_minutes: 15 });
    expect(ageNotes(late, NOW, formats)).toEqual(["closed", "price of 02:30 PM", "delayed 15 min"]);
    expect(ageNotes(quote("AAPL", { as_of: NOW, delay_minutes: 0 }), NOW, formats)).toEqual(["just now"]);
  });
});

describe("words", () => {
  it("counts down to the next attempt", () => {
    expect(connectionWords({ phase: "waiting", retryAt: NOW + 4200 }, NOW, english)).toEqual({ tone: "warn", text: "Reconnecting in 5 s" });
    expect(connectionWords({ phase: "waiting", retryAt: NOW - 10 }, NOW, english).text).toBe("Reconnecting in 1 s");
  });

  it("tells why the source gives nothing and when it is asked again", () => {
    const refused = sourceWords({ state: "refused", interval: 60, reason: "rate_limited", retry_at: NOW }, formats);
    expect(refused).toEqual({ tone: "warn", text: "The source refuses requests (rate limited), next attempt at 03:30 PM; last prices stay" });
    expect(sourceWords({ state: "refused", interval: 60, reason: "budget_spent" }, formats)?.text).toContain("calls to the source are used up");
    expect(sourceWords({ state: "degraded", interval: 60, reason: "a_new_reason" }, formats)?.text).toContain("(a new reason)");
    expect(sourceWords(undefined, formats)).toBeUndefined();
  });

  it.each([
    [{ phase: "live" }, { tone: "good", text: "Live" }],
    [{ phase: "connecting" }, { tone: "busy", text: "Connecting" }],
    [{ phase: "offline" }, { tone: "bad", text: "Offline" }],
  ] as const)("a connection %o", (state, words) => {
    expect(connectionWords(state, NOW, english)).toEqual(words);
  });

  it.each<[Omit<SourceHealth, "interval">, string, string]>([
    [{ state: "ok" }, "good", "Source ok"],
    [{ state: "starting" }, "busy", "Waiting for the source's first prices"],
    [{ state: "degraded" }, "warn", "Prices come through a poorer endpoint; some figures may be missing"],
    [
      { state: "refused", reason: "session_refused" },
      "warn",
      "The source refuses requests (it does not accept our session), trying again; last prices stay",
    ],
    [{ state: "unreachable", reason: "unreachable" }, "bad", "The source cannot be reached, trying again; last prices stay"],
    [
      { state: "unreachable", reason: "bad_answer" },
      "bad",
      "The source cannot be reached (its answers cannot be read), trying again; last prices stay",
    ],
  ])("a source %o", (source, tone, text) => {
    expect(sourceWords({ interval: 60, ...source }, formats)).toEqual({ tone, text });
  });

  it("only prices that are made up or replayed are warned of loudly", () => {
    const loud = (["simulated", "replay", "yahoo", "unknown", undefined] as const).map((kind) => sourceKindNotice(kind, english)?.loud);
    expect(loud).toEqual([true, true, false, undefined, undefined]);
    expect(sourceKindNotice("simulated", english)?.text).toContain("made up");
    expect(sourceKindNotice("yahoo", english)?.text).toContain("Yahoo Finance");
  });

  it.each([
    ["equity", "Stock"],
    ["etf", "ETF"],
    ["index", "Index"],
    ["cryptocurrency", "Crypto"],
    ["new_in_version_9", "Other"],
  ])("the kind %s is called %s", (kind, word) => {
    expect(kindWord(kind, english)).toBe(word);
  });

  it("tells apart why there is no price", () => {
    const words = (["pending", "unknown", "delisted", "malformed"] as const).map((reason) => missingWords(reason, english));
    expect(new Set(words).size).toBe(4);
  });
});
