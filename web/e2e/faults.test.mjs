// What a person sees when something does not work, and that it comes back by itself.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { assertAccessible, card, field, follow, launch, market, option, price, shot, shownPrice, shows, visit } from "./support.mjs";

let browser;
before(async () => {
  browser = await launch();
});
afterEach(() => market.reset());
after(() => browser.close());

test("with the source down the last prices stay, with their reason; then they move again", async () => {
  const { context, page, errors } = await visit(browser);
  await market.setPrice("AAPL", 250);
  await follow(page, "AAPL");
  await shows(page, "AAPL", "250.00");
  await market.fail({ family: "all", kind: "unavailable" });
  await page.getByText("The source cannot be reached").first().waitFor();
  await market.setPrice("AAPL", 251);
  assert.equal(await shownPrice(page, "AAPL").innerText(), "250.00");
  await card(page, "AAPL").and(page.locator(".stale")).waitFor();
  await card(page, "AAPL").getByText(/last confirmed/).waitFor();
  await assertAccessible(page, "stale board");
  await shot(page, "source-down");
  await market.mend();
  await shows(page, "AAPL", "251.00");
  await page.getByText("Source ok").waitFor();
  assert.equal(await page.locator(".stale").count(), 0);
  assert.deepEqual(errors, []);
  await context.close();
});

test("a lost socket is told, and comes back with the prices that were missed", async () => {
  let socket;
  const { context, page } = await visit(browser, {
    prepare: (page) =>
      page.routeWebSocket(/\/ws/, (route) => {
        socket = route;
        route.connectToServer();
      }),
  });
  await follow(page, "NVDA");
  await page.getByText("Live", { exact: true }).waitFor();
  const refuse = (route) => route.fulfill({ status: 503, body: "<html>busy</html>", contentType: "text/html" });
  await page.route("**/api/v1/**", refuse);
  await socket.close();
  await page.locator("[data-phase=waiting]").waitFor();
  assert.ok(await price(page, "NVDA").isVisible(), "the last prices stay");
  await market.setPrice("NVDA", 199.25);
  await page.unroute("**/api/v1/**", refuse);
  await shows(page, "NVDA", "199.25");
  await page.getByText("Live", { exact: true }).waitFor();
  await context.close();
});

test("without a network the page says so, and goes on when it is back", async () => {
  const { context, page } = await visit(browser);
  await follow(page, "AAPL");
  await context.setOffline(true);
  await page.getByText("Offline", { exact: true }).waitFor();
  await context.setOffline(false);
  await page.getByText("Live", { exact: true }).waitFor();
  await context.close();
});

test("a server that does not answer at the start is told, and tried again", async () => {
  const refuse = (route) => route.abort("connectionrefused");
  const { context, page } = await visit(browser, { prepare: (page) => page.route("**/api/v1/**", refuse) });
  await page.getByText("Your lists cannot be loaded").waitFor();
  await page.getByText("The server cannot be reached").waitFor();
  await assertAccessible(page, "start failure");
  await shot(page, "start-failure");
  await page.unroute("**/api/v1/**", refuse);
  await page.getByText("Nothing on this list yet").waitFor();
  await context.close();
});

test("an edit that the server refuses is taken back and explained", async () => {
  const { context, page } = await visit(browser);
  await follow(page, "AAPL");
  const problem = { type: "about:blank", title: "Unprocessable", status: 422, code: "list_full", detail: "a list holds at most 200 symbols" };
  await page.route("**/symbols/MSFT", (route) =>
    route.request().method() === "PUT"
      ? route.fulfill({ status: 422, contentType: "application/problem+json", body: JSON.stringify(problem) })
      : route.continue(),
  );
  await field(page).fill("MSFT");
  await option(page, "MSFT").click();
  await page.getByText("a list holds at most 200 symbols").waitFor();
  await card(page, "MSFT").waitFor({ state: "detached" });
  await context.close();
});

test("a search that fails says so", async () => {
  const { context, page } = await visit(browser);
  await market.fail({ family: "search", kind: "unavailable" });
  await field(page).fill("unheard of");
  await page.locator(".said.bad").waitFor();
  assert.notEqual((await page.locator(".said.bad").innerText()).trim(), "");
  await context.close();
});

test("a name with markup is text", async () => {
  const name = "<img src=x onerror=\"document.title='harmed'\"><b>Bold</b> & Sons " + "\u202E".repeat(3) + "x".repeat(300);
  const { context, page, errors } = await visit(browser, {
    prepare: (page) =>
      page.route("**/symbols/search**", (route) =>
        route.fulfill({ json: { matches: [{ symbol: "AAPL", name, kind: "equity", exchange: name }] } }),
      ),
  });
  await field(page).fill("harm");
  await option(page, "AAPL").waitFor();
  assert.ok((await option(page, "AAPL").innerText()).includes("<b>Bold</b> & Sons"));
  assert.equal(await page.title(), "QuickStocks");
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.equal(overflow, 0);
  assert.deepEqual(errors, []);
  await context.close();
});
