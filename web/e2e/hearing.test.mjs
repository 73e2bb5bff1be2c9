// What is said of prices to who was away, and to who listens.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { assertAccessible, follow, launch, market, shot, shows, systemUrl, visit } from "./support.mjs";

let browser;
before(async () => {
  browser = await launch();
});
afterEach(() => market.reset());
after(() => browser.close());

test("who comes back hears what happened meanwhile, once", async () => {
  const { context, page, errors } = await visit(browser);
  const followed = [["AAPL", 300], ["MSFT", 400], ["NVDA", 100]];
  for (const [symbol, at] of followed) {
    await market.setPrice(symbol, at);
    await follow(page, symbol);
    await shows(page, symbol, `${at}.00`);
  }
  // Away for a moment: nothing to say.
  await page.reload();
  await page.getByText("Live", { exact: true }).waitFor();
  await shows(page, "NVDA", "100.00");
  const summary = page.locator(".since");
  assert.equal(await summary.count(), 0);

  await page.goto("about:blank");
  await market.setPrice("AAPL", 330);
  await market.setPrice("MSFT", 396);
  await page.clock.setSystemTime(Date.now() + 3 * 3_600_000);
  await page.goto(systemUrl);
  await summary.waitFor();
  const said = (await summary.innerText()).replace(/\s+/g, " ");
  assert.match(said, /Since you looked 3 h ago: one price rose, one fell/);
  assert.match(said, /AAPL \+10\.00/);
  await assertAccessible(page, "since you looked");
  await shot(page, "since-you-looked");
  await summary.getByRole("button").click();
  assert.equal(await summary.count(), 0);
  await page.reload();
  await shows(page, "AAPL", "330.00");
  assert.equal(await summary.count(), 0, "what was heard is not said again");
  assert.deepEqual(errors, []);
  await context.close();
});

test("who looks in while nothing is live is told later of the whole absence", async () => {
  let isDead = false;
  const { context, page, errors } = await visit(browser, {
    prepare: (page) => page.routeWebSocket(/\/ws/, (route) => (isDead ? route.close() : route.connectToServer())),
  });
  await market.setPrice("AAPL", 300);
  await follow(page, "AAPL");
  await shows(page, "AAPL", "300.00");
  await page.goto("about:blank");
  await market.setPrice("AAPL", 330);
  const away = Date.now();

  isDead = true;
  await page.clock.setSystemTime(away + 2 * 3_600_000);
  await page.goto(systemUrl);
  await page.locator("[data-phase=waiting]").waitFor();
  await page.locator("article[data-symbol=AAPL] [data-price]").waitFor();
  await page.goto("about:blank");

  isDead = false;
  await page.clock.setSystemTime(away + 3 * 3_600_000);
  await page.goto(systemUrl);
  await page.locator(".since").getByText("Since you looked 3 h ago").waitFor();
  assert.deepEqual(errors, []);
  await context.close();
});

test("a screen reader is told the largest moves together when somebody asked for it, and nothing otherwise", async () => {
  const { context, page, errors } = await visit(browser, {
    prepare: (page) =>
      page.addInitScript(() => {
        const setInterval = globalThis.setInterval.bind(globalThis);
        // The minute passes when the test says so.
        globalThis.setInterval = (callback, milliseconds, ...more) => {
          if (milliseconds !== 60_000) return setInterval(callback, milliseconds, ...more);
          globalThis.minutePasses = callback;
          return 0;
        };
        localStorage.setItem("quickstocks.settings", JSON.stringify({ spoken: "off" }));
      }),
  });
  const symbols = ["AAPL", "MSFT", "NVDA", "AMZN"];
  const set = async (factor) => {
    for (const [at, symbol] of symbols.entries()) await market.setPrice(symbol, 100 + factor * (at + 1));
    for (const [at, symbol] of symbols.entries()) await shows(page, symbol, `${100 + factor * (at + 1)}.00`);
  };
  for (const symbol of symbols) await follow(page, symbol);
  await set(0);
  const said = page.locator("[data-spoken]");
  const minutePasses = () => page.evaluate(() => globalThis.minutePasses());
  await minutePasses();
  await set(1);
  await minutePasses();
  assert.equal(await said.textContent(), "", "nobody asked for it");

  await page.evaluate(() => {
    location.hash = "#/settings";
  });
  await page.getByLabel("Tell a screen reader").selectOption({ index: 1 });
  await page.getByRole("link", { name: "Back to the board" }).click();
  await minutePasses();
  await set(2);
  assert.equal(await said.textContent(), "", "not with each tick");
  await minutePasses();
  const text = await said.textContent();
  assert.match(text, /^4 prices changed: /);
  const named = text.split(": ")[1].split("; ");
  assert.equal(named.length, 3, text);
  assert.match(named[0], /^Amazon/, "the largest move first");
  assert.equal(await said.getAttribute("role"), "status", "it waits for its turn");
  await minutePasses();
  assert.equal(await said.textContent(), text, "what did not change is not said again");
  assert.deepEqual(errors, []);
  await context.close();
});
