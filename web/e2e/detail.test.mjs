// One symbol in full: its chart, its figures, and what is said when they cannot be had.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { assertAccessible, card, follow, launch, market, shot, systemUrl, visit } from "./support.mjs";

let browser;
before(async () => {
  browser = await launch();
});
afterEach(() => market.reset());
after(() => browser.close());

const detail = (page, symbol) => page.locator(`[data-detail="${symbol}"]`);
const shownChart = (page) => page.locator("[data-chart=shown] canvas").first();
const address = (symbol) => new URL(`#/symbols/${encodeURIComponent(symbol)}`, systemUrl).href;
/** What the chart says to who cannot see it. */
const summary = (page) => page.locator(".chart").getAttribute("aria-label");

test("a card leads to its chart and figures, and the way back to the board", async () => {
  const { context, page, errors } = await visit(browser);
  await follow(page, "AAPL");
  await card(page, "AAPL").getByRole("link", { name: "Apple Inc." }).click();
  await shownChart(page).waitFor();
  assert.equal(await page.title(), "AAPL · QuickStocks");
  assert.match(await summary(page), /Apple Inc\., one day: from [\d.,]+ to [\d.,]+/);
  const figures = await detail(page, "AAPL").locator(".figures").innerText();
  for (const term of ["Day range", "52 weeks", "P/E", "EPS", "Dividend", "Earnings", "Shares", "Exchange", "Delay"]) {
    assert.ok(figures.includes(term), `${term} is missing in: ${figures}`);
  }
  await page.waitForFunction(() => document.activeElement?.id === "detail-heading");
  await page.keyboard.press("Escape");
  await card(page, "AAPL").waitFor();
  await page.goBack();
  await shownChart(page).waitFor();
  assert.deepEqual(errors, []);
  await context.close();
});

test("a symbol on no list has live prices, and can be followed from there", async () => {
  const { context, page, errors } = await visit(browser, { url: address("NVDA") });
  await shownChart(page).waitFor();
  await market.setPrice("NVDA", 181.25);
  await detail(page, "NVDA").locator(".price .value").getByText("181.25", { exact: true }).waitFor();
  await page.waitForFunction(() => document.querySelector(".chart")?.getAttribute("aria-label").includes("to 181.25"));
  await page.getByRole("button", { name: "Follow", exact: true }).click();
  await page.getByRole("button", { name: "Stop following" }).waitFor();
  await page.getByRole("link", { name: "Back to the board" }).click();
  await card(page, "NVDA").waitFor();
  assert.deepEqual(errors, []);
  await context.close();
});

test("every range is drawn, by keyboard, as lines and as candles, and the choice is kept", async () => {
  const { context, page, errors } = await visit(browser, { url: address("AAPL") });
  await shownChart(page).waitFor();
  await page.getByRole("radio", { name: "1D" }).focus();
  for (const words of ["five days", "one month", "six months", "one year", "five years", "all there is"]) {
    await page.keyboard.press("ArrowRight");
    await page.waitForFunction((words) => document.querySelector(".chart")?.getAttribute("aria-label").includes(words), words);
  }
  // Decades of dividends are thinned on the chart, and all in the list.
  await page.getByText("Splits and dividends").click();
  const marked = Number(await page.locator(".chart-panel").getAttribute("data-dividends"));
  assert.ok(marked > 10 && marked <= 24, `${marked} dividends are marked`);
  await page.getByText(`The chart marks ${marked} of `).waitFor();
  assert.ok((await page.locator(".events li").count()) > 60);
  await page.getByText("Split 4 for 1").waitFor();
  await page.getByRole("radio", { name: "Candles" }).check();
  await page.getByText("These prices as a table").click();
  await page.locator(".table-frame tbody tr").nth(100).waitFor();
  await page.reload();
  await shownChart(page).waitFor();
  assert.ok(await page.getByRole("radio", { name: "Max" }).isChecked());
  assert.ok(await page.getByRole("radio", { name: "Candles" }).isChecked());
  assert.deepEqual(errors, []);
  await context.close();
});

test("a chart that cannot be had says so, and comes when asked again", async () => {
  const { context, page } = await visit(browser, {
    url: address("MSFT"),
    prepare: (page) => page.route("**/history?**", (route) => route.fulfill({ status: 503, json: { code: "source_down", detail: "the source cannot be reached" } })),
  });
  await page.getByText("The prices cannot be loaded: the source cannot be reached").waitFor();
  await assertAccessible(page, "failed chart");
  await page.unroute("**/history?**");
  await page.getByRole("button", { name: "Try again" }).click();
  await shownChart(page).waitFor();
  await context.close();
});

test("a range without prices and a symbol that is none are told", async () => {
  const { context, page } = await visit(browser, {
    url: address("TSLA"),
    prepare: (page) => page.route("**/history?**", (route) => route.fulfill({ status: 404, json: { code: "history_not_found", detail: "nothing" } })),
  });
  await page.getByText("The source has no prices of this range").waitFor();
  await page.goto(address("ZZZZQQ"));
  await page.getByText("The source does not know ZZZZQQ").waitFor();
  assert.equal(await page.getByRole("button", { name: "Follow" }).count(), 0);
  await context.close();
});

for (const [width, height] of [[360, 740], [768, 1024], [1440, 900]]) {
  for (const colorScheme of ["light", "dark"]) {
    test(`the detail view is accessible and fits, ${colorScheme} at ${width}`, async () => {
      const { context, page, errors } = await visit(browser, { url: address("VOD.L"), viewport: { width, height }, colorScheme });
      await shownChart(page).waitFor();
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.equal(overflow, 0);
      // Both pickers can be reached by the pointer: nothing lies over them.
      await page.getByRole("radio", { name: "5D" }).check();
      await page.getByRole("radio", { name: "Candles" }).check();
      await shownChart(page).waitFor();
      await assertAccessible(page, `detail, ${colorScheme} at ${width}`);
      await shot(page, `detail-${colorScheme}-${width}`);
      assert.deepEqual(errors, []);
      await context.close();
    });
  }
}
