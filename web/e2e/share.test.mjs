// A list shared by a link: made, followed by somebody who has no account, and ended.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { assertAccessible, follow, launch, market, shot, shows, systemUrl, visit } from "./support.mjs";

let browser;
before(async () => {
  browser = await launch();
});
afterEach(() => market.reset());
after(() => browser.close());

const row = (page, symbol) => page.locator(`tr[data-symbol="${symbol}"]`);
const priceIn = (page, symbol, text) => row(page, symbol).locator(".price .value").getByText(text, { exact: true }).waitFor();

test("a list is shared by a link that shows it live to who has no account, until the link is ended", async () => {
  const { context, page, errors } = await visit(browser, { permissions: ["clipboard-read", "clipboard-write"] });
  for (const [symbol, at] of [["AAPL", 300], ["VOD.L", 70]]) {
    await market.setPrice(symbol, at);
    await follow(page, symbol);
  }
  await shows(page, "AAPL", "300.00");
  await page.getByRole("button", { name: "Share the list My picks" }).click();
  await page.getByRole("button", { name: "Make a link" }).click();
  const field = page.getByLabel("Link", { exact: true });
  await field.waitFor();
  await assertAccessible(page, "share panel");
  await shot(page, "share-panel");
  await page.getByRole("button", { name: "Copy" }).click();
  await page.getByText("The link is copied").waitFor();
  const address = await field.inputValue();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), address);
  assert.match(address, /#\/shared\/[0-9a-f]{64}$/);

  // The link is there again after a reload, and the same.
  await page.reload();
  await page.getByRole("button", { name: "Share the list My picks" }).click();
  await field.waitFor();
  assert.equal(await field.inputValue(), address);

  const requests = [];
  const reader = await visit(browser, {
    url: address,
    viewport: { width: 360, height: 780 },
    colorScheme: "dark",
    prepare: (page) => page.on("request", (request) => requests.push(`${request.method()} ${new URL(request.url()).pathname}`)),
  });
  await reader.page.getByRole("heading", { name: "My picks" }).waitFor();
  await priceIn(reader.page, "AAPL", "300.00");
  await priceIn(reader.page, "VOD.L", "70.00");
  await market.setPrice("AAPL", 301.5);
  await priceIn(reader.page, "AAPL", "301.50");
  await assertAccessible(reader.page, "shared list");
  assert.equal(await reader.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), 0);
  await shot(reader.page, "shared-360-dark");
  await reader.page.setViewportSize({ width: 1280, height: 800 });
  await shot(reader.page, "shared-1280-dark");
  const token = address.split("/").at(-1);
  const asked = [...new Set(requests.filter((request) => request.includes("/api/")))];
  assert.deepEqual(asked, [`GET /api/v1/shared/${token}/list.json`], "nobody becomes a guest by following a link");
  assert.deepEqual(await reader.context.cookies(), []);

  // What its owner changes is seen.
  await follow(page, "MSFT");
  await row(reader.page, "MSFT").waitFor();

  // For a terminal, and for whoever asks again with the tag.
  const path = new URL(`/api/v1/shared/${token}/list.txt`, systemUrl);
  const text = await fetch(path);
  const table = await text.text();
  assert.match(table, /AAPL/);
  assert.match(table, /301\.50/);

  await page.getByRole("button", { name: "Stop sharing" }).click();
  await page.getByText("The link will lead nowhere").waitFor();
  await page.getByRole("button", { name: "Stop sharing" }).click();
  await page.getByRole("button", { name: "Make a link" }).waitFor();
  await reader.page.getByRole("heading", { name: "This link leads nowhere" }).waitFor();
  assert.equal(await reader.page.getByText("AAPL").count(), 0, "what was shared is not seen any more");
  await assertAccessible(reader.page, "ended link");
  await shot(reader.page, "shared-ended");
  assert.equal((await fetch(path)).status, 404);

  // From there somebody can begin a list of their own.
  await reader.page.getByRole("link", { name: "Make a list of your own" }).first().click();
  await reader.page.getByText("Live", { exact: true }).waitFor();
  assert.deepEqual([...errors, ...reader.errors], []);
  await reader.context.close();
  await context.close();
});

test("a reader sees the last prices while the server is away, and is told", async () => {
  const { context, page } = await visit(browser);
  await market.setPrice("AAPL", 300);
  await follow(page, "AAPL");
  await page.getByRole("button", { name: "Share the list My picks" }).click();
  await page.getByRole("button", { name: "Make a link" }).click();
  const address = await page.getByLabel("Link", { exact: true }).inputValue();
  const reader = await visit(browser, { url: address });
  await priceIn(reader.page, "AAPL", "300.00");
  await reader.context.setOffline(true);
  await reader.page.getByText("Not reachable: these are the last prices").first().waitFor();
  await priceIn(reader.page, "AAPL", "300.00");
  await market.setPrice("AAPL", 310);
  await reader.context.setOffline(false);
  await priceIn(reader.page, "AAPL", "310.00");
  assert.deepEqual(reader.errors, []);

  const mistyped = await visit(browser, { url: `${systemUrl}/#/shared/${"0".repeat(64)}` });
  await mistyped.page.getByRole("heading", { name: "This link leads nowhere" }).waitFor();
  await mistyped.context.close();
  await reader.context.close();
  await context.close();
});
