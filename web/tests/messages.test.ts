import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { de } from "../src/messages/de";
import { en } from "../src/messages/en";
import { english, languageFor, load, translator } from "../src/messages/translate";

const placeholders = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? "").sort();

describe("the message files", () => {
  it("have the same texts in every language", () => {
    expect(Object.keys(de).sort()).toEqual(Object.keys(en).sort());
  });

  it.each(Object.keys(en) as (keyof typeof en)[])("%s has the same gaps in every language, and something to say", (key) => {
    expect(placeholders(de[key])).toEqual(placeholders(en[key]));
    expect(de[key].trim()).not.toBe("");
    expect(en[key].trim()).not.toBe("");
  });

  it("have one and other of everything that is counted", () => {
    const ones = Object.keys(en).filter((key) => key.endsWith(".one"));
    expect(ones.length).toBeGreaterThan(3);
    for (const key of ones) expect(Object.keys(en)).toContain(key.replace(/one$/, "other"));
  });

  it("have no text that nothing says", () => {
    const sources = readdirSync(new URL("../src", import.meta.url), { recursive: true, encoding: "utf8" })
      .filter((file) => /\.(ts|svelte)$/.test(file) && !file.startsWith("messages"))
      .map((file) => readFileSync(new URL(`../src/${file}`, import.meta.url), "utf8"))
      .join("\n");
    // A key is named whole, or put together from its beginning.
    const beginnings = [...sources.matchAll(/[`"]([a-z_.]+)\$\{/g)].map((match) => match[1] ?? "");
    const said = (key: string): boolean =>
      sources.includes(`"${key}"`) || sources.includes(`"${key.replace(/\.(one|other)$/, "")}"`) || beginnings.some((beginning) => key.startsWith(beginning));
    expect(Object.keys(en).filter((key) => !said(key))).toEqual([]);
  });

  it("are the only place with texts: no view has one of its own", () => {
    const views = readdirSync(new URL("../src/ui", import.meta.url), { encoding: "utf8" }).filter((file) => file.endsWith(".svelte"));
    const spelled = views.flatMap((file) => {
      const source = readFileSync(new URL(`../src/ui/${file}`, import.meta.url), "utf8");
      const markup = source.replace(/<script[\s\S]*?<\/script>/g, "").replace(/<!--[\s\S]*?-->/g, "");
      const found = [...markup.matchAll(/(?:aria-label|title|placeholder)="([^"{}]+)"|>\s*([A-Z][a-z]+ [a-z][^<{]*)</g)];
      return found.map((match) => `${file}: ${match[1] ?? match[2]}`);
    });
    expect(spelled).toEqual([]);
  });
});

describe("a translation", () => {
  it("fills its gaps, and leaves one that it was given nothing for", () => {
    expect(english("list.removed", { symbol: "AAPL" })).toBe("AAPL removed");
    expect(english("list.removed")).toBe("{symbol} removed");
    expect(english("list.removed", { symbol: "{name}" }), "what is filled in is not filled itself").toBe("{name} removed");
  });

  it("counts as its language does", () => {
    const german = translator("de", de);
    expect([0, 1, 2].map((count) => english.count("age.days", count))).toEqual(["0 days ago", "1 day ago", "2 days ago"]);
    expect([0, 1, 2].map((count) => german.count("age.days", count))).toEqual(["vor 0 Tagen", "vor 1 Tag", "vor 2 Tagen"]);
  });

  it("has its own words for a key that a server made up", () => {
    expect(english.maybe("kind.etf", "?")).toBe("ETF");
    expect(english.maybe("kind.toString", "?")).toBe("?");
    expect(english.maybe("constructor", "?")).toBe("?");
  });

  it("is loaded by its language", async () => {
    expect((await load("en"))("app.close")).toBe("Close");
    expect((await load("de"))("app.close")).toBe("Schließen");
  });

  it.each<[string[], string]>([
    [["de-AT", "en"], "de"],
    [["DE"], "de"],
    [["fr-FR", "de"], "de"],
    [["fr", "ja"], "en"],
    [["english"], "en"],
    [[], "en"],
  ])("for %j is in %s", (tags, language) => {
    expect(languageFor(tags)).toBe(language);
  });
});
