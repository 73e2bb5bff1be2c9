import { describe, expect, it } from "vitest";
import { compareDecimals, directionOf, positionWithin, priceDecimals } from "../src/model/decimal";
import { Formats } from "../src/model/format";

describe("decimals", () => {
  it.each([
    ["0.01", "up"],
    ["-0.0001", "down"],
    ["0", "flat"],
    ["-0.00", "flat"],
    [undefined, undefined],
  ])("a change of %s goes %s", (change, direction) => {
    expect(directionOf(change)).toBe(direction);
  });

  it.each([
    ["1", "1.000", 0],
    ["1.10", "1.9", -1],
    ["-2", "-10", 1],
    ["-0.5", "0.5", -1],
    ["900719925474099.3", "900719925474099.2", 1],
    ["0.00001", "0.000009", 1],
    ["-0", "0.00", 0],
    [`1${"0".repeat(39)}.1`, `1${"0".repeat(39)}.2`, -1],
  ])("%s compared with %s is %i", (left, right, order) => {
    expect(Math.sign(compareDecimals(left, right))).toBe(order);
    expect(Math.sign(compareDecimals(right, left))).toBe(order === 0 ? 0 : -order);
  });

  it.each([
    ["269.7", 2, 2],
    ["1.14253", 4, 4],
    ["0.5", 2, 2],
    ["0.12345678", 2, 4],
    ["0.0000123456", 2, 8],
    ["0.00001", 2, 5],
    ["0.00001234", 2, 8],
    ["-0.00001234", 2, 8],
    ["0.50", 2, 2],
    ["0.5", 4, 4],
    ["0.000", 3, 3],
    [`0.${"0".repeat(25)}1`, 2, 20],
  ])("%s with a hint of %i shows %i decimals", (price, hint, decimals) => {
    expect(priceDecimals(price, hint)).toBe(decimals);
  });

  it.each([
    ["5", "0", "10", 0.5],
    ["-1", "0", "10", 0],
    ["11", "0", "10", 1],
    ["7", "7", "7", 0.5],
    ["0", "0", "10", 0],
    ["10", "0", "10", 1],
    ["-5", "-10", "0", 0.5],
    ["9", "10", "0", 0.5],
  ])("%s between %s and %s is at %d", (value, low, high, position) => {
    expect(positionWithin(value, low, high)).toBe(position);
  });
});

describe("formats", () => {
  const formats = new Formats("en-US", "UTC");

  it("writes prices exactly, beyond what a float can hold", () => {
    expect(formats.price("9007199254740993.25", 2)).toBe("9,007,199,254,740,993.25");
    expect(new Formats("de-DE").price("1234.5", 2)).toBe("1.234,50");
  });

  it("signs changes with a real minus and gives them the price's decimals", () => {
    expect(formats.change("-3.14", "243.87", 2)).toBe("\u22123.14");
    expect(formats.change("0.0021", "1.1425", 4)).toBe("+0.0021");
    expect(formats.change("0", "10", 2)).toBe("0.00");
    expect(formats.percent("-1.27")).toBe("\u22121.27\u202f%");
  });

  it.each([
    [{ currency: "GBp", kind: "equity" }, "p", "GBP"],
    [{ currency: "GBX", kind: "equity" }, "p", "GBP"],
    [{ currency: "ZAc", kind: "equity" }, "c", "ZAR"],
    [{ currency: "ILA", kind: "equity" }, "ag.", "ILS"],
    [{ currency: "USD", kind: "equity" }, "USD", "USD"],
    [{ currency: "USD", kind: "index" }, "pts", "USD"],
  ])("the unit of %o is %s", (of, short, major) => {
    expect(formats.unit(of)?.short).toBe(short);
    expect(formats.majorCurrency(of.currency)).toBe(major);
  });

  it("shortens big numbers", () => {
    expect(formats.compact("3618000000000")).toBe("3.62T");
    expect(formats.compact(51_200)).toBe("51.2K");
  });

  it("takes a time zone that the browser does not know for none", () => {
    const at = Date.UTC(2026, 10, 24, 15, 30);
    expect(formats.moment(at, "Mars/Olympus")).not.toContain("Mars");
    expect(formats.moment(at, "America/New_York")).toContain("10:30");
    expect(formats.day(at, at, "Asia/Tokyo")).toBe("Nov 25");
    expect(formats.day(Date.UTC(2025, 7, 26, 12), at, "UTC")).toBe("Aug 26, 2025");
  });

  it("gives a change enough decimals to be seen beside a price that needs fewer", () => {
    expect(formats.change("-0.00001234", "1.5", 2)).toBe("\u22120.00001234");
    expect(formats.change("0.5", "0.00001234", 2)).toBe("+0.50000000");
    expect(formats.change("1.5", undefined, 2)).toBe("+1.50");
  });

  it("keeps formats of different decimals apart", () => {
    expect([formats.price("1.5", 2), formats.price("1.5", 4), formats.integer(1499.5), formats.ratio("36.1")]).toEqual([
      "1.50",
      "1.5000",
      "1,500",
      "36.10",
    ]);
    expect([formats.change("1", "1", 2), formats.change("1", "1", 4)]).toEqual(["+1.00", "+1.0000"]);
  });

  it.each([
    ["a change that rounds to nothing has no sign", formats.percent("-0.001"), "0.00\u202f%"],
    ["a percentage beyond floats", formats.percent("9007199254740993.25"), "+9,007,199,254,740,993.25\u202f%"],
    ["a negative price", formats.price("-37.63", 2), "\u221237.63"],
    ["a big negative number in short", formats.compact("-51204045"), "\u221251.2M"],
    ["two decimals in short", formats.compact("3985193861120"), "3.99T"],
    ["a small number in short", formats.compact(7), "7"],
  ])("%s", (_, written, expected) => {
    expect(written).toBe(expected);
  });

  it("writes as the locale does", () => {
    const german = new Formats("de-DE", "UTC");
    const at = Date.UTC(2026, 10, 24, 15, 30, 12);
    expect(german.price("9007199254740993.25", 2)).toBe("9.007.199.254.740.993,25");
    expect(german.change("-1234.5", "9999.5", 2)).toBe("\u22121.234,50");
    expect(german.percent("0.26")).toBe("+0,26\u202f%");
    expect([german.time(at), german.time(at, true), german.time(at)]).toEqual(["15:30", "15:30:12", "15:30"]);
  });

  it("tells a unit in words for those who cannot see its sign", () => {
    expect(formats.unit({ currency: "GBp", kind: "equity" })?.long).toContain("hundredths of a British pound");
    expect(formats.unit({ currency: "USD", kind: "etf" })?.long).toBe("US Dollar");
    expect(formats.unit({ currency: "not a code", kind: "equity" })).toEqual({ short: "not a code", long: "not a code" });
    expect(formats.unit({ kind: "equity" })).toBeUndefined();
    expect(formats.unit({ kind: "index" })?.short).toBe("pts");
    expect(formats.majorCurrency(undefined)).toBeUndefined();
  });

  it("does not mix up the days of zones and years", () => {
    const [at, now] = [Date.UTC(2026, 10, 24, 23, 30), Date.UTC(2026, 10, 25)];
    const own = new Formats("en-US", "UTC");
    const before = Date.UTC(2025, 10, 24, 23, 30);
    expect([own.day(at, now), own.day(at, now, "Asia/Tokyo"), own.day(at, now, "Mars/Olympus")]).toEqual(["Nov 24", "Nov 25", "Nov 24"]);
    expect([own.day(before, now, "UTC"), own.day(at, now, "UTC")]).toEqual(["Nov 24, 2025", "Nov 24"]);
  });

  it("names the exchange's zone beside its time", () => {
    const at = Date.UTC(2026, 10, 24, 23, 30);
    expect(formats.moment(at, "America/New_York")).toMatch(/6:30:00.PM America\/New York\)$/);
    expect(formats.moment(at, "Asia/Tokyo")).toMatch(/8:30:00.AM Asia\/Tokyo\)$/);
    expect(formats.moment(at)).not.toContain("(");
  });
});
