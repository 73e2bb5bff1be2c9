import { describe, expect, it } from "vitest";
import { ageNotes, ago, freshnessOf, priceAge } from "../src/model/age";
import { Formats } from "../src/model/format";
import type { MarketState, SourceState } from "../src/model/types";
import { connectionWords, missingWords, sourceWords } from "../src/model/words";
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

  it("without a word of the source a price is not called stale", () => {
    const link = { source: undefined, live: false, lastLiveAt: 0 };
    expect(freshnessOf(polled, link, NOW)).toEqual({ stale: false, confirmedAt: NOW - 300_000 });
  });

  it("a source that fails for less than two intervals leaves prices fresh", () => {
    const link = { source: { state: "refused" as const, interval: 60, last_ok_at: NOW - 100_000 }, live: true, lastLiveAt: NOW };
    expect(freshnessOf(polled, link, NOW)).toEqual({ stale: false, confirmedAt: NOW - 100_000 });
    expect(freshnessOf(polled, link, NOW + 21_000).stale).toBe(true);
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
    expect(ago(age)).toBe(words);
  });

  it.each<[MarketState, number, string]>([
    ["regular", 5000, "5 s ago"],
    ["post", 3_600_000, "price of 02:30 PM"],
    ["closed", 2 * 86_400_000, "price of Nov 22"],
  ])("in a market that is %s", (market_state, age, words) => {
    expect(priceAge(quote("AAPL", { market_state, as_of: NOW - age }), NOW, formats)).toBe(words);
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
    expect(connectionWords({ phase: "waiting", retryAt: NOW + 4200 }, NOW)).toEqual({ tone: "warn", text: "Reconnecting in 5 s" });
    expect(connectionWords({ phase: "waiting", retryAt: NOW - 10 }, NOW).text).toBe("Reconnecting in 1 s");
  });

  it("tells why the source gives nothing and when it is asked again", () => {
    const refused = sourceWords({ state: "refused", interval: 60, reason: "rate_limited", retry_at: NOW }, formats);
    expect(refused).toEqual({ tone: "warn", text: "The source refuses requests (rate limited), next attempt at 03:30 PM; last prices stay" });
    expect(sourceWords({ state: "refused", interval: 60, reason: "budget_spent" }, formats)?.text).toContain("calls to the source are used up");
    expect(sourceWords({ state: "degraded", interval: 60, reason: "a_new_reason" }, formats)?.text).toContain("(a new reason)");
    expect(sourceWords(undefined, formats)).toBeUndefined();
  });

  it("tells apart why there is no price", () => {
    const words = (["pending", "unknown", "delisted", "malformed"] as const).map(missingWords);
    expect(new Set(words).size).toBe(4);
  });
});
