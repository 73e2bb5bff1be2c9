// What would disturb the other tests: each of these has a system of its own.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { card, follow, launch, price, shot, shows, symbolsOnBoard, visit } from "./support.mjs";
import { System } from "./system.mjs";

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

async function withSystem(run) {
  const system = new System();
  try {
    await system.start();
    await run(system);
  } finally {
    await system.remove();
  }
}

test("after a kill and a restart the page goes on, with the same picks", () =>
  withSystem(async (system) => {
    const { context, page, errors } = await visit(browser, { url: system.url.href });
    await follow(page, "AAPL");
    await follow(page, "MSFT");
    await system.kill();
    await page.locator("[data-phase=waiting]").waitFor();
    assert.ok(await price(page, "AAPL").isVisible(), "the last prices stay");
    await shot(page, "reconnecting");
    await system.start();
    await page.getByText("Live", { exact: true }).waitFor();
    const shown = await price(page, "AAPL").getAttribute("data-price");
    await price(page, "AAPL").and(page.locator(`:not([data-price="${shown}"])`)).waitFor();
    await page.reload();
    await price(page, "MSFT").waitFor();
    assert.deepEqual(await symbolsOnBoard(page), ["AAPL", "MSFT"]);
    assert.deepEqual(errors, []);
    await context.close();
  }));

// A refused session is left alone for five minutes, longer than a test may last.
test("with the session refused prices come through the poorer endpoint, and the page says so", () =>
  withSystem(async (system) => {
    const { context, page } = await visit(browser, { url: system.url.href });
    await follow(page, "MSFT");
    await system.market.fail({ family: "quote", kind: "invalid_crumb" });
    await page.getByText("Prices come through a poorer endpoint").first().waitFor();
    await system.market.setPrice("MSFT", 432.1);
    await shows(page, "MSFT", "432.10");
    const figures = await card(page, "MSFT").locator(".figures").innerText();
    assert.match(figures, /Market cap\s+[\d.]+tn USD/, "what the poorer endpoint does not tell stays");
    await context.close();
  }));
