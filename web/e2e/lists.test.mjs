// Several lists: tabs, order, notes, and what happens when two devices change the same one.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { assertAccessible, card, field, follow, launch, market, option, price, shot, symbolsOnBoard, visit } from "./support.mjs";

let browser;
before(async () => {
  browser = await launch();
});
afterEach(() => market.reset());
after(() => browser.close());

const tab = (page, name) => page.getByRole("tab", { name: new RegExp(`^${name}`) });
const handle = (page, symbol) => page.getByRole("button", { name: `Move ${symbol}`, exact: true });

/** Waits until the board shows exactly these symbols, in this order. */
async function boardIs(page, symbols) {
  await page.waitForFunction(
    (wanted) => [...document.querySelectorAll("[data-symbol]")].map((item) => item.dataset.symbol).join() === wanted,
    symbols.join(),
  );
}

async function createList(page, name) {
  await page.getByRole("button", { name: "New list" }).click();
  await page.getByLabel("Name of the list").fill(name);
  await page.keyboard.press("Enter");
  await tab(page, name).and(page.locator("[aria-selected=true]")).waitFor();
}

test("lists are made, renamed, switched, remembered and deleted", async () => {
  const { context, page, errors } = await visit(browser);
  await follow(page, "AAPL");
  await createList(page, "Tech");
  await page.getByText("Nothing on this list yet").waitFor();
  await follow(page, "NVDA");
  assert.deepEqual(await symbolsOnBoard(page), ["NVDA"]);
  await assertAccessible(page, "two lists");

  await page.getByRole("button", { name: "Rename Tech" }).click();
  await page.getByLabel("Name of the list").fill("Chips");
  await page.keyboard.press("Enter");
  await tab(page, "Chips").waitFor();

  await page.reload();
  await price(page, "NVDA").waitFor();
  assert.equal(await tab(page, "Chips").getAttribute("aria-selected"), "true", "the list that was on screen is on it again");

  await tab(page, "Chips").focus();
  await page.keyboard.press("ArrowLeft");
  await price(page, "AAPL").waitFor();
  assert.deepEqual(await symbolsOnBoard(page), ["AAPL"]);
  await page.keyboard.press("ArrowRight");
  await price(page, "NVDA").waitFor();

  await page.getByRole("button", { name: "Delete Chips" }).click();
  await page.getByText("Delete \u201CChips\u201D with its 1 symbols?").waitFor();
  await page.getByRole("button", { name: "Delete Chips" }).or(page.locator(".naming .danger")).last().click();
  await price(page, "AAPL").waitFor();
  assert.equal(await page.getByRole("tab").count(), 1);
  assert.deepEqual(errors, []);
  await context.close();
});

test("the order is the user's: by keys with a word for the screen reader, by dragging, and from A to Z", async () => {
  const { context, page, errors } = await visit(browser);
  for (const symbol of ["NVDA", "AAPL", "MSFT"]) await follow(page, symbol);
  await handle(page, "NVDA").focus();
  await page.keyboard.press("ArrowRight");
  await boardIs(page, ["AAPL", "NVDA", "MSFT"]);
  await page.getByText("NVDA is now at place 2 of 3").waitFor({ state: "attached" });
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute("aria-label")), "Move NVDA", "the focus goes with it");
  await page.keyboard.press("End");
  await boardIs(page, ["AAPL", "MSFT", "NVDA"]);

  const from = await handle(page, "NVDA").boundingBox();
  const to = await card(page, "AAPL").boundingBox();
  await page.mouse.move(from.x + 5, from.y + 5);
  await page.mouse.down();
  await page.mouse.move(to.x + 40, to.y + 40, { steps: 4 });
  await page.locator(".target[data-symbol=AAPL]").waitFor();
  await page.mouse.up();
  await boardIs(page, ["NVDA", "AAPL", "MSFT"]);

  await page.getByRole("button", { name: "Sort A\u2013Z" }).click();
  await boardIs(page, ["AAPL", "MSFT", "NVDA"]);
  await page.getByText("Sorted from A to Z").waitFor({ state: "attached" });
  await page.reload();
  await price(page, "AAPL").waitFor();
  await boardIs(page, ["AAPL", "MSFT", "NVDA"]);
  assert.deepEqual(errors, []);
  await context.close();
});

test("a drag that is broken off changes nothing", async () => {
  const { context, page } = await visit(browser);
  for (const symbol of ["NVDA", "AAPL"]) await follow(page, symbol);
  const from = await handle(page, "NVDA").boundingBox();
  const to = await card(page, "AAPL").boundingBox();
  await page.mouse.move(from.x + 5, from.y + 5);
  await page.mouse.down();
  await page.mouse.move(to.x + 40, to.y + 40, { steps: 4 });
  await page.locator(".target").waitFor();
  await page.keyboard.press("Escape");
  await page.locator(".target").waitFor({ state: "detached" });
  await page.mouse.up();
  assert.deepEqual(await symbolsOnBoard(page), ["NVDA", "AAPL"]);
  await context.close();
});

test("a note is kept, and found by the filter", async () => {
  const { context, page } = await visit(browser);
  for (const symbol of ["NVDA", "AAPL"]) await follow(page, symbol);
  await page.getByRole("button", { name: "Edit the note about AAPL" }).click();
  await page.keyboard.type("the yardstick <b>");
  await page.keyboard.press("Enter");
  await card(page, "AAPL").getByText("the yardstick <b>").waitFor();
  const saved = page.waitForResponse((response) => response.url().includes("/watchlists") && response.ok());
  await page.reload();
  await saved;
  await card(page, "AAPL").getByText("the yardstick <b>").waitFor();
  await page.getByLabel("Filter this list").fill("yard");
  await boardIs(page, ["AAPL"]);
  await context.close();
});

test("what another device does to the list is seen here, and two changes at once are both kept", async () => {
  const { context, page, errors } = await visit(browser);
  for (const symbol of ["NVDA", "AAPL", "MSFT"]) await follow(page, symbol);
  await page.getByText("Live", { exact: true }).waitFor();
  const other = await context.newPage();
  await other.goto(page.url());
  await price(other, "MSFT").waitFor();
  await other.getByText("Live", { exact: true }).waitFor();
  await handle(other, "NVDA").focus();
  await other.keyboard.press("End");
  await boardIs(page, ["AAPL", "MSFT", "NVDA"]);

  // The other device changes the list while this one's change is on its way.
  let changed = false;
  await page.route("**/api/v1/watchlists/*", async (route) => {
    if (route.request().method() === "PUT" && !changed) {
      changed = true;
      await field(other).fill("TSLA");
      await option(other, "TSLA").click();
      await price(other, "TSLA").waitFor();
    }
    await route.continue();
  });
  await handle(page, "NVDA").focus();
  await page.keyboard.press("Home");
  await page.getByText("had been changed elsewhere").waitFor();
  await boardIs(page, ["NVDA", "AAPL", "MSFT", "TSLA"]);
  await boardIs(other, ["NVDA", "AAPL", "MSFT", "TSLA"]);
  assert.deepEqual(errors, []);
  await context.close();
});

test("without a network edits are kept, shown, and sent when it is back", async () => {
  const { context, page } = await visit(browser);
  for (const symbol of ["NVDA", "AAPL", "MSFT"]) await follow(page, symbol);
  await page.getByText("Live", { exact: true }).waitFor();
  await context.setOffline(true);
  await page.getByText("Offline", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Remove AAPL" }).click();
  await page.getByText("You are offline: the change is kept here").waitFor();
  await handle(page, "MSFT").focus();
  await page.keyboard.press("Home");
  await page.getByText("2 changes wait to be sent").waitFor();
  assert.deepEqual(await symbolsOnBoard(page), ["MSFT", "NVDA"]);
  await assertAccessible(page, "offline");
  await shot(page, "offline-edits");
  await context.setOffline(false);
  await page.getByText("2 changes wait to be sent").waitFor({ state: "detached" });
  await page.getByText("Live", { exact: true }).waitFor();
  const other = await context.newPage();
  await other.goto(page.url());
  await price(other, "MSFT").waitFor();
  await boardIs(other, ["MSFT", "NVDA"]);
  await context.close();
});
