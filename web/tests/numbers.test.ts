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
  ])("%s with a hint of %i shows %i decimals", (price, hint, decimals) => {
    expect(priceDecimals(price, hint)).toBe(decimals);
  });

  it.each([
    ["5", "0", "10", 0.5],
    ["-1", "0", "10", 0],
    ["11", "0", "10", 1],
    ["7", "7", "7", 0.5],
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
});
