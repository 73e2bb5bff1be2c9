// What a person does all day: search, pick, watch, remove.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { assertAccessible, card, field, follow, launch, market, option, price, shot, shows, symbolsOnBoard, visit } from "./support.mjs";

let browser;
before(async () => {
  browser = await launch();
});
afterEach(() => market.reset());
after(() => browser.close());

test("from an empty board to a price that moves, by keyboard alone", async () => {
  const { context, page, errors } = await visit(browser);
  await page.getByText("Nothing on this list yet").waitFor();
  await page.getByText("Simulated market").waitFor();
  await assertAccessible(page, "empty board");
  await shot(page, "empty");

  await page.keyboard.press("/");
  await page.keyboard.type("app");
  await option(page, "AAPL").waitFor();
  assert.match(await option(page, "AAPL").innerText(), /Apple Inc\./);
  await page.locator("#match-0[aria-selected=true]").waitFor();
  assert.equal(await field(page).getAttribute("aria-activedescendant"), "match-0");
  await assertAccessible(page, "search");
  await shot(page, "search");
  await page.keyboard.press("ArrowDown");
  assert.equal(await field(page).getAttribute("aria-activedescendant"), "match-1");
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Enter");

  await price(page, "AAPL").waitFor();
  assert.equal(await field(page).inputValue(), "");
  const first = await price(page, "AAPL").getAttribute("data-price");
  await price(page, "AAPL").and(page.locator(`:not([data-price="${first}"])`)).waitFor();
  assert.deepEqual(errors, []);
  await context.close();
});

test("a card has every figure, and repaints when the price changes", async () => {
  const { context, page, errors } = await visit(browser);
  await follow(page, "AAPL");
  const text = await card(page, "AAPL").innerText();
  for (const part of ["Apple Inc.", "AAPL", "Stock", "NasdaqGS", "USD", "Day range", "52 weeks", "Prev. close", "Open", "Volume", "Market cap", "P/E"]) {
    assert.ok(text.includes(part), `${part} is missing in: ${text}`);
  }
  await market.setPrice("AAPL", 321.5);
  await shows(page, "AAPL", "321.50");
  const moves = Number(await price(page, "AAPL").getAttribute("data-moves"));
  await market.setPrice("AAPL", 322.75);
  await shows(page, "AAPL", "322.75");
  assert.match(await price(page, "AAPL").getAttribute("class"), /flash-up-/);
  assert.equal(Number(await price(page, "AAPL").getAttribute("data-moves")), moves + 1);
  await market.setPrice("AAPL", 320);
  await shows(page, "AAPL", "320.00");
  assert.match(await price(page, "AAPL").getAttribute("class"), /flash-down-/);
  assert.deepEqual(errors, []);
  await context.close();
});

test("pence, points, pairs and coins have their own units", async () => {
  const { context, page } = await visit(browser);
  for (const [symbol, unit] of [["VOD.L", "p"], ["^GSPC", "pts"], ["EURUSD=X", "USD"], ["BTC-USD", "USD"]]) {
    await follow(page, symbol);
    assert.equal(await price(page, symbol).locator(".unit").innerText(), unit);
  }
  assert.match(await card(page, "VOD.L").innerText(), /GBP/, "a market capitalisation is in pounds, not pence");
  assert.match(await card(page, "VOD.L").locator(".age").innerText(), /delayed 15 min/);
  await context.close();
});

test("the list is still there after a reload, and is nobody else's", async () => {
  const { context, page } = await visit(browser);
  await follow(page, "MSFT");
  await follow(page, "NVDA");
  await page.reload();
  await price(page, "NVDA").waitFor();
  assert.deepEqual(await symbolsOnBoard(page), ["MSFT", "NVDA"]);

  const other = await visit(browser);
  await other.page.getByText("Nothing on this list yet").waitFor();
  await other.context.close();
  await context.close();
});

test("removing can be undone, to the old place", async () => {
  const { context, page } = await visit(browser);
  for (const symbol of ["AAPL", "MSFT", "NVDA"]) await follow(page, symbol);
  await page.getByRole("button", { name: "Remove MSFT" }).click();
  await page.getByText("MSFT removed").waitFor();
  assert.deepEqual(await symbolsOnBoard(page), ["AAPL", "NVDA"]);
  assert.equal(await page.evaluate(() => document.activeElement?.dataset.symbol), "NVDA", "the focus goes to the next card");
  await page.getByRole("button", { name: "Undo" }).click();
  await card(page, "MSFT").waitFor();
  assert.deepEqual(await symbolsOnBoard(page), ["AAPL", "MSFT", "NVDA"]);
  await page.reload();
  await price(page, "MSFT").waitFor();
  assert.deepEqual(await symbolsOnBoard(page), ["AAPL", "MSFT", "NVDA"]);
  await context.close();
});

test("picking what is on the list already shows its card", async () => {
  const { context, page } = await visit(browser);
  await follow(page, "AAPL");
  await field(page).fill("aapl");
  await option(page, "AAPL").getByText("on your list").waitFor();
  await option(page, "AAPL").click();
  await page.waitForFunction(() => document.activeElement?.dataset.symbol === "AAPL");
  assert.deepEqual(await symbolsOnBoard(page), ["AAPL"]);
  await context.close();
});

test("a search says when there is nothing, and Escape leaves it", async () => {
  const { context, page } = await visit(browser);
  await field(page).fill("zzzzqq");
  await page.locator(".said").getByText("Nothing found for \u201Czzzzqq\u201D").waitFor();
  await page.keyboard.press("Enter");
  await page.getByText("Nothing on this list yet").waitFor();
  await page.keyboard.press("Escape");
  assert.equal(await field(page).inputValue(), "");
  await context.close();
});

test("nonsense in the search does no harm", async () => {
  const { context, page, errors } = await visit(browser);
  for (const text of ["<img src=x onerror=alert(1)>", "'; DROP TABLE list; --", "\u202Eabc", "%00%0d%0a", "😀".repeat(20), "a".repeat(500)]) {
    await field(page).fill(text);
    await page.locator(".said").filter({ hasText: /Nothing found|cannot|not|too/i }).waitFor();
  }
  assert.deepEqual(errors, []);
  await context.close();
});

test("the theme is chosen, and kept", async () => {
  const { context, page } = await visit(browser, { colorScheme: "light" });
  await follow(page, "AAPL");
  await follow(page, "VOD.L");
  await assertAccessible(page, "light board");
  await shot(page, "board-light");
  await page.getByRole("button", { name: "Use the dark theme" }).click();
  await assertAccessible(page, "dark board");
  await shot(page, "board-dark");
  await page.reload();
  await page.getByRole("button", { name: "Use the light theme" }).waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark");
  await context.close();
});

test("a phone shows one column and nothing sticks out", async () => {
  const { context, page } = await visit(browser, { viewport: { width: 360, height: 740 }, hasTouch: true, colorScheme: "dark" });
  for (const symbol of ["AAPL", "BTC-USD", "^GSPC"]) await follow(page, symbol);
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.equal(overflow, 0);
  await assertAccessible(page, "phone");
  await shot(page, "phone");
  await context.close();
});
