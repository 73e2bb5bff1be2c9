import { describe, expect, it } from "vitest";
import { alertsGerman } from "../src/messages/alerts.de";
import { alertsEnglish } from "../src/messages/alerts.en";
import { Formats } from "../src/model/format";
import { isQuiet, isTimeOfDay, spanOf, timeOfDayWords } from "../src/model/quiet";

const at = Date.parse;

describe("quiet hours", () => {
  it.each([
    ["22:00", "07:00", "Europe/Berlin", "2026-11-25T21:00:00Z", true],
    ["22:00", "07:00", "Europe/Berlin", "2026-11-26T05:59:59Z", true],
    ["22:00", "07:00", "Europe/Berlin", "2026-11-26T06:00:00Z", false],
    ["22:00", "07:00", "Europe/Berlin", "2026-11-25T20:59:59Z", false],
    ["12:00", "13:00", "America/New_York", "2026-11-25T17:10:00Z", true],
    ["12:00", "13:00", "America/New_York", "2026-11-25T18:00:00Z", false],
    ["08:00", "08:00", "UTC", "2026-11-25T07:59:00Z", true],
    ["00:00", "06:00", "UTC", "2026-11-25T00:00:00Z", true],
    ["22:00", "07:00", "Mars/Olympus", "2026-11-25T21:00:00Z", undefined],
  ])("%s to %s in %s at %s: %s, as the server has it", (from, to, zone, moment, quiet) => {
    expect(isQuiet({ from, to }, zone, at(moment))).toBe(quiet);
  });

  it("are told as what they are: over midnight, within a day, or always", () => {
    expect(spanOf({ from: "22:00", to: "07:00" })).toBe("overnight");
    expect(spanOf({ from: "12:00", to: "13:00" })).toBe("same_day");
    expect(spanOf({ from: "08:00", to: "08:00" })).toBe("always");
    for (const texts of [alertsEnglish, alertsGerman]) {
      for (const words of Object.values(texts.quiet.span)) expect(words("22:00", "07:00")).toContain("22:00");
    }
  });

  it("begin and end at times of the day", () => {
    expect(["00:00", "23:59", "07:05"].every(isTimeOfDay)).toBe(true);
    expect(["", "24:00", "12:60", "7:00", "07:00:00", "abc"].some(isTimeOfDay)).toBe(false);
    expect(timeOfDayWords("22:05", new Formats("de-DE", "Asia/Tokyo"))).toBe("22:05");
  });
});
