// Ways to look at the same prices: the table, details with a chart, what is popular, settings, the API; each usable by all.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { assertAccessible, card, follow, launch, market, price, shot, symbolsOnBoard, visit } from "./support.mjs";

let browser;
before(async () => {
  browser = await launch();
});
afterEach(() => market.reset());
after(() => browser.close());

const rows = (page) => page.locator("tr[data-symbol]").evaluateAll((items) => items.map((item) => item.dataset.symbol));

test("the table sorts by its columns without touching the list's own order", async () => {
  const { context, page, errors } = await visit(browser);
  for (const [symbol, at] of [["AAPL", 200], ["MSFT", 500], ["NVDA", 100]]) {
    await market.setPrice(symbol, at);
    await follow(page, symbol);
  }
  await page.getByRole("button", { name: "Table" }).click();
  await page.locator("tr[data-symbol=NVDA] [data-price='100']").waitFor();
  assert.deepEqual(await rows(page), ["AAPL", "MSFT", "NVDA"]);
  await page.getByTitle("Sort by Price").click();
  assert.deepEqual(await rows(page), ["MSFT", "AAPL", "NVDA"]);
  assert.equal(await page.locator("th.col-price").getAttribute("aria-sort"), "descending");
  await page.getByTitle("Sort by Price").click();
  assert.deepEqual(await rows(page), ["NVDA", "AAPL", "MSFT"]);
  await market.setPrice("NVDA", 600);
  await page.locator("tr[data-symbol=NVDA] [data-price='600']").waitFor();
  assert.deepEqual(await rows(page), ["AAPL", "MSFT", "NVDA"], "a row goes where its new price belongs");
  await page.getByRole("button", { name: "Own order" }).click();
  assert.deepEqual(await rows(page), ["AAPL", "MSFT", "NVDA"]);
  await page.getByText("Columns", { exact: true }).click();
  await page.getByRole("checkbox", { name: "P/E" }).check();
  await page.getByRole("checkbox", { name: "Volume" }).uncheck();
  await page.locator("th.col-pe_ratio").waitFor();
  assert.equal(await page.locator("th.col-volume").count(), 0);
  await page.reload();
  await page.locator("tr[data-symbol=AAPL] [data-price]").waitFor();
  assert.equal(await page.locator("th.col-pe_ratio").count(), 1, "layout and columns are kept");
  await shot(page, "table");
  assert.deepEqual(errors, []);
  await context.close();
});

for (const [locale, ready, tableButton] of [["en-GB", "Nothing on this list yet", "Table"], ["de-DE", "Noch nichts auf dieser Liste", "Tabelle"]]) {
  test(`the usual columns fit a screen of 1280 pixels with the longest figures, ${locale}`, async () => {
    const { context, page, errors } = await visit(browser, { locale, viewport: { width: 1280, height: 860 } });
    await page.getByText(ready).waitFor();
    const symbols = ["BRK-A", "BTC-USD", "VOD.L", "EURUSD=X", "^GSPC", "7203.T"];
    await page.evaluate(async (symbols) => {
      const [list] = (await (await fetch("/api/v1/watchlists")).json()).watchlists;
      for (const symbol of symbols) await fetch(`/api/v1/watchlists/${list.id}/symbols/${encodeURIComponent(symbol)}`, { method: "PUT" });
    }, symbols);
    await page.reload();
    await page.getByRole("button", { name: tableButton }).click();
    for (const symbol of symbols) await page.locator(`tr[data-symbol="${symbol}"] [data-price]`).waitFor();
    const widths = () => page.locator(".scroll").evaluate(({ clientWidth, scrollWidth }) => ({ clientWidth, scrollWidth }));
    const { clientWidth, scrollWidth } = await widths();
    assert.equal(scrollWidth, clientWidth, "the table does not scroll sideways");
    // The name is what gives way, and something of it stays.
    const names = await page.locator("tbody th").evaluateAll((items) => items.map((item) => item.getBoundingClientRect().width));
    assert.ok(Math.min(...names) >= 150, `${names}`);
    await shot(page, `usual-columns-${locale}`);
    assert.deepEqual(errors, []);
    await context.close();
  });
}

test("the filter narrows the list, and says so when nothing is left", async () => {
  const { context, page } = await visit(browser);
  for (const symbol of ["AAPL", "MSFT"]) await follow(page, symbol);
  await page.keyboard.press("Escape");
  await page.locator("body").click({ position: { x: 5, y: 400 } });
  await page.keyboard.press("f");
  await page.keyboard.type("apple");
  await page.getByText("1 of 2 shown").waitFor();
  assert.deepEqual(await symbolsOnBoard(page), ["AAPL"]);
  await page.keyboard.type("zzz");
  await page.getByText("Nothing on this list matches \u201Capplezzz\u201D").waitFor();
  await page.keyboard.press("Escape");
  await card(page, "MSFT").waitFor();
  await context.close();
});

test("settings take effect at once and go with the user to another browser's tab", async () => {
  const { context, page, errors } = await visit(browser);
  await follow(page, "AAPL");
  await page.getByRole("link", { name: "Settings" }).click();
  await page.getByLabel("Colours of change").selectOption("red_up");
  assert.equal(await page.evaluate(() => document.documentElement.dataset.colours), "red_up");
  await page.getByLabel("Density").selectOption("compact");
  await page.getByLabel("My currency").selectOption("EUR");
  const saved = page.waitForResponse((response) => response.url().endsWith("/preferences") && response.request().method() === "PUT");
  await page.getByLabel("Language and number format").selectOption("de-DE");
  assert.ok((await saved).ok());
  await page.getByRole("heading", { name: "Einstellungen" }).waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.lang), "de");
  await page.evaluate(() => localStorage.clear());
  await page.goto(new URL("/", page.url()).href);
  await page.getByText("Simulierter Markt").waitFor();
  await card(page, "AAPL").getByText("Börsenwert").waitFor();
  await card(page, "AAPL").getByText(/etwa [\d.]+,\d\d\s€/).waitFor();
  await assertAccessible(page, "German board");
  await shot(page, "german");
  assert.deepEqual(errors, []);
  await context.close();
});

test("an import shows what it would do before it does it", async () => {
  const { context, page, errors } = await visit(browser);
  await follow(page, "AAPL");
  await page.getByRole("link", { name: "Settings" }).click();
  const file = "symbol\nMSFT\nNVDA\nNOTATHING\n";
  await page.locator("input[type=file]").setInputFiles({ name: "lists.csv", mimeType: "text/csv", buffer: Buffer.from(file) });
  await page.getByText("This is what would be done:").waitFor();
  await page.getByText("NOTATHING").waitFor();
  await assertAccessible(page, "import preview");
  await page.getByRole("button", { name: "Import now" }).click();
  await page.getByText("Imported", { exact: true }).waitFor();
  await page.getByRole("link", { name: "Back to the board" }).click();
  assert.ok((await page.getByRole("tab").allInnerTexts()).join().match(/[23]/), "the lists are read again");
  assert.deepEqual(errors, []);
  await context.close();
});

test("a second device is paired with a code, and an account can be deleted", async () => {
  const { context, page, errors } = await visit(browser);
  await follow(page, "AAPL");
  await page.getByRole("link", { name: "Settings" }).click();
  await page.getByRole("button", { name: "Pair a device" }).click();
  const code = await page.locator(".secret").innerText();

  const other = await visit(browser);
  await other.page.getByText("Nothing on this list yet").waitFor();
  await other.page.getByRole("link", { name: "Settings" }).click();
  await other.page.getByLabel("Pairing or recovery code").fill("not-a-code");
  await other.page.getByRole("button", { name: "Use the code" }).click();
  await other.page.locator(".bad[role=alert]").waitFor();
  await other.page.getByLabel("Pairing or recovery code").fill(code);
  await other.page.getByRole("button", { name: "Use the code" }).click();
  await price(other.page, "AAPL").waitFor();

  await page.getByLabel("What the token is for").fill("script");
  await page.getByRole("button", { name: "New token" }).click();
  await page.locator(".secret").filter({ hasText: /^qs_/ }).waitFor();
  await page.getByRole("button", { name: "End script" }).click();
  await page.getByRole("button", { name: "End script" }).waitFor({ state: "detached" });

  await page.getByRole("button", { name: "Delete the account" }).click();
  const sure = page.getByRole("button", { name: "Delete everything" });
  assert.ok(await sure.isDisabled());
  await page.getByLabel("Confirmation").fill("DELETE");
  await sure.click();
  await page.getByText("Nothing on this list yet").waitFor();
  assert.deepEqual(errors, []);
  await other.context.close();
  await context.close();
});

test("what is popular has live prices and can be followed", async () => {
  const { context, page, errors } = await visit(browser);
  await page.getByText("Nothing on this list yet").waitFor();
  await page.getByRole("link", { name: "Popular" }).click();
  const first = page.locator(".popular li[data-symbol]").first();
  await first.waitFor();
  const symbol = await first.getAttribute("data-symbol");
  await first.locator(".value").filter({ hasText: /\d/ }).waitFor();
  await shot(page, "popular");
  await first.getByRole("button", { name: `Follow ${symbol}` }).click();
  await first.getByText("on your list").waitFor();
  assert.deepEqual(errors, []);
  await context.close();
});

test("the keys are listed by a question mark, and do what the list says", async () => {
  const { context, page } = await visit(browser);
  for (const symbol of ["AAPL", "MSFT"]) await follow(page, symbol);
  await page.locator("#main").focus();
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Keyboard" }).waitFor();
  await assertAccessible(page, "keyboard help");
  await page.keyboard.press("Escape");
  await page.keyboard.press("t");
  await page.locator("tr[data-symbol=AAPL]").waitFor();
  await page.locator("tr[data-symbol=AAPL]").focus();
  await page.keyboard.press("ArrowDown");
  assert.equal(await page.evaluate(() => document.activeElement?.dataset.symbol), "MSFT");
  await page.keyboard.press("Enter");
  await page.locator("article.detail").waitFor();
  await page.keyboard.press("Escape");
  await page.locator("tr[data-symbol=MSFT]").focus();
  await page.keyboard.press("Delete");
  await page.getByText("MSFT removed").waitFor();
  await context.close();
});
