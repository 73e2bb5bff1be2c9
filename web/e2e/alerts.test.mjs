// Alerts: made from a card, told on the open page when the price gets there, kept in the inbox.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { assertAccessible, card, follow, launch, market, shot, shows, visit } from "./support.mjs";

let browser;
before(async () => {
  browser = await launch();
});
afterEach(() => market.reset());
after(() => browser.close());

const item = (page, symbol) => page.locator(`li[data-alert][data-symbol="${symbol}"]`);
const standing = (page, symbol, verdict) => page.locator(`li[data-alert][data-symbol="${symbol}"][data-verdict="${verdict}"]`);

/** Opens the form from a card, and makes an alert above a price. */
async function alertAbove(page, symbol, price) {
  await card(page, symbol).getByRole("link", { name: `New alert for ${symbol}` }).click();
  await page.getByRole("form", { name: "New alert" }).getByRole("textbox", { name: "Price" }).fill(price);
  await page.getByRole("button", { name: "Make the alert" }).click();
  await item(page, symbol).waitFor();
}

test("an alert that is made from a card fires, is told at once, and is in the inbox until it is read", async () => {
  await market.setPrice("AAPL", 200);
  const { context, page, errors } = await visit(browser);
  await follow(page, "AAPL");
  await shows(page, "AAPL", "200.00");
  await card(page, "AAPL").getByRole("link", { name: "New alert for AAPL" }).click();
  const form = page.getByRole("form", { name: "New alert" });
  assert.equal(await form.getByRole("combobox", { name: "Symbol" }).inputValue(), "AAPL");
  await form.getByRole("textbox", { name: "Price" }).fill("abc");
  await page.getByRole("button", { name: "Make the alert" }).click();
  await page.getByText("This is not a number above zero").waitFor();
  await form.getByRole("textbox", { name: "Price" }).fill("250");
  await page.getByText("If it were made now: waits: 50.00 to go to 250.00").waitFor();
  await form.getByLabel("Note to yourself").fill("<b>sell</b> half");
  await page.getByRole("button", { name: "Make the alert" }).click();
  await standing(page, "AAPL", "waiting").getByText("rises to 250.00").waitFor();
  await item(page, "AAPL").getByText("<b>sell</b> half").waitFor();
  await assertAccessible(page, "alerts");
  await shot(page, "alerts");

  await item(page, "AAPL").getByRole("link", { name: "AAPL" }).click();
  await page.locator("[data-levels='1'] canvas").first().waitFor();
  await page.getByRole("heading", { name: "Your alerts" }).waitFor();
  await page.getByText("rises to 250.00").waitFor();
  await page.getByRole("radio", { name: "Candles" }).check();
  await assertAccessible(page, "a chart with an alert");
  await shot(page, "alert-on-chart");
  await page.getByRole("link", { name: "Alerts", exact: true }).click();

  await market.setPrice("AAPL", 1234.5);
  await page.getByText("is at 1,234.50: your alert fired").waitFor();
  await standing(page, "AAPL", "fired").waitFor();
  await page.getByRole("link", { name: "Inbox 1 unread" }).click();
  const notice = page.locator("li[data-notice][data-symbol=AAPL]");
  await notice.getByText("Fired at 1,234.50").waitFor();
  await assertAccessible(page, "inbox");
  await shot(page, "inbox");
  await page.getByRole("button", { name: "Mark all as read" }).click();
  await page.getByRole("link", { name: "Inbox", exact: true }).waitFor();
  await page.reload();
  await notice.waitFor();
  assert.equal(await page.locator("li.unread").count(), 0, "what was read is read after a reload");
  assert.deepEqual(errors, []);
  await context.close();
});

test("an alert is snoozed, switched off, armed again, changed and deleted, and comes back when that is undone", async () => {
  await market.setPrice("MSFT", 300);
  const { context, page, errors } = await visit(browser);
  await follow(page, "MSFT");
  await shows(page, "MSFT", "300.00");
  await alertAbove(page, "MSFT", "900");
  await page.getByRole("button", { name: "Snooze an hour: MSFT" }).click();
  await standing(page, "MSFT", "snoozed").waitFor();
  await page.getByRole("button", { name: "Watch again: MSFT" }).click();
  await standing(page, "MSFT", "waiting").waitFor();
  await page.getByRole("button", { name: "Switch off: MSFT" }).click();
  await standing(page, "MSFT", "paused").waitFor();
  await page.getByRole("button", { name: "Watch again: MSFT" }).click();
  await standing(page, "MSFT", "waiting").waitFor();

  await page.getByRole("button", { name: "Change: MSFT" }).click();
  const form = page.getByRole("form", { name: "Change the alert for MSFT" });
  await form.getByLabel("Tell me when").selectOption("move");
  await form.getByLabel("Percent").fill("7.5");
  await form.getByLabel("Direction").selectOption("down");
  await form.getByLabel("Again and again").check();
  await assertAccessible(page, "changing an alert");
  await form.getByRole("button", { name: "Save" }).click();
  await item(page, "MSFT").getByText("moves down 7.50\u202f%, from the previous close").waitFor();
  await item(page, "MSFT").getByText("repeats, rests 15 minutes").waitFor();
  await item(page, "MSFT").getByText("What happened").click();
  await item(page, "MSFT").getByText("Nothing happened within 30 days").waitFor();

  await page.getByRole("button", { name: "Delete: MSFT" }).click();
  await page.getByText("You have no alert yet").waitFor();
  await page.getByRole("button", { name: "Undo" }).click();
  await item(page, "MSFT").getByText("moves down 7.50\u202f%").waitFor();
  assert.deepEqual(errors, []);
  await context.close();
});

test("the server's reason is shown when it refuses an alert, and an alert that was changed elsewhere is not overwritten", async () => {
  await market.setPrice("NVDA", 100);
  const { context, page } = await visit(browser);
  await follow(page, "NVDA");
  await shows(page, "NVDA", "100.00");
  await card(page, "NVDA").getByRole("link", { name: "New alert for NVDA" }).click();
  const fresh = page.getByRole("form", { name: "New alert" });
  await fresh.getByRole("textbox", { name: "Price" }).fill("0");
  await page.getByRole("button", { name: "Make the alert" }).click();
  await fresh.getByRole("alert").getByText(/price is above 0/).waitFor();
  await fresh.getByRole("textbox", { name: "Price" }).fill("500");
  await page.getByRole("button", { name: "Make the alert" }).click();
  await item(page, "NVDA").waitFor();

  const other = await context.newPage();
  await other.goto(page.url());
  await other.getByRole("button", { name: "Change: NVDA" }).click();
  await other.getByRole("form", { name: "Change the alert" }).getByRole("textbox", { name: "Price" }).fill("600");
  await other.getByRole("button", { name: "Save" }).click();
  await item(other, "NVDA").getByText("rises to 600.00").waitFor();

  await page.getByRole("button", { name: "Change: NVDA" }).click();
  await page.getByRole("form", { name: "Change the alert" }).getByRole("textbox", { name: "Price" }).fill("700");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("This alert was changed elsewhere meanwhile").waitFor();
  await context.close();
});

test("alerts and an inbox that cannot be loaded say so, and are there on the next try", async () => {
  const { context, page } = await visit(browser);
  await page.getByText("Nothing on this list yet").waitFor();
  const refuse = (route) => route.fulfill({ status: 503, json: { code: "unavailable", detail: "not now" } });
  await page.route("**/api/v1/alerts", refuse);
  await page.route("**/api/v1/notifications**", refuse);
  await page.getByRole("link", { name: "Alerts", exact: true }).click();
  await page.getByText("The alerts cannot be loaded: The server cannot be used now").waitFor();
  await assertAccessible(page, "failed alerts");
  await page.getByRole("link", { name: "Inbox" }).click();
  await page.getByText("The inbox cannot be loaded: The server cannot be used now").waitFor();
  await page.unrouteAll();
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByText("Nothing happened to your alerts yet").waitFor();
  await context.close();
});

for (const colorScheme of ["light", "dark"]) {
  for (const width of [360, 768, 1440]) {
    test(`alerts and inbox are accessible and fit, ${colorScheme}, ${width} pixels wide`, async () => {
      await market.setPrice("AAPL", 200);
      const { context, page, errors } = await visit(browser, { viewport: { width, height: 860 }, colorScheme });
      await follow(page, "AAPL");
      await shows(page, "AAPL", "200.00");
      await alertAbove(page, "AAPL", "1000");
      const look = async (what) => {
        await assertAccessible(page, what);
        assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), 0, `${what}: nothing sticks out`);
        await shot(page, `${what}-${colorScheme}-${width}`);
      };
      await look("alerts");
      await market.setPrice("AAPL", 1500);
      await page.getByRole("link", { name: "Inbox 1 unread" }).click();
      await page.locator("li[data-notice]").waitFor();
      await look("inbox");
      assert.deepEqual(errors, []);
      await context.close();
    });
  }
}
