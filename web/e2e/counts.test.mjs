// What a tick costs the page: only cells whose content changed are written, and nothing is taken out and put in again.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { card, follow, launch, market, shows, visit } from "./support.mjs";

let browser;
before(async () => {
  browser = await launch();
});
afterEach(() => market.reset());
after(() => browser.close());

/** Gathers every write to the board, as what was written, where, and what stood there before and after. */
async function recordWrites(page) {
  await page.evaluate(() => {
    const written = (node, name) => (name === null ? node.data : node.getAttribute(name));
    globalThis.writes = [];
    const observer = new MutationObserver((records) => {
      // A record has only the old value; the new one is the next record's old one, or what stands there now.
      const next = new Map();
      for (const record of records.toReversed()) {
        const { target, attributeName, oldValue, type } = record;
        const element = target instanceof Element ? target : target.parentElement;
        const at = { type, symbol: element?.closest("[data-symbol]")?.dataset.symbol, cell: element?.className ?? "" };
        if (type === "childList") {
          const elements = [...record.addedNodes, ...record.removedNodes].filter((node) => node instanceof Element);
          if (elements.length > 0) globalThis.writes.push({ ...at, elements: elements.length });
          continue;
        }
        const nexts = next.get(target) ?? new Map();
        next.set(target, nexts);
        const after = nexts.has(attributeName) ? nexts.get(attributeName) : written(target, attributeName);
        nexts.set(attributeName, oldValue);
        globalThis.writes.push({ ...at, before: oldValue, after });
      }
    });
    observer.observe(document.querySelector(".board"), {
      subtree: true,
      childList: true,
      characterData: true,
      characterDataOldValue: true,
      attributes: true,
      attributeOldValue: true,
    });
  });
}

test("a tick writes only what changed, and replaces no element", async () => {
  const { context, page, errors } = await visit(browser);
  await market.setPrice("AAPL", 300);
  await market.setPrice("MSFT", 400);
  await follow(page, "AAPL");
  await follow(page, "MSFT");
  await shows(page, "AAPL", "300.00");
  await shows(page, "MSFT", "400.00");
  const nodes = () => page.locator(".board *").count();
  const before = await nodes();
  await recordWrites(page);
  for (const price of [301, 302, 303]) {
    await market.setPrice("AAPL", price);
    await shows(page, "AAPL", `${price}.00`);
  }
  const writes = await page.evaluate(() => globalThis.writes);
  const prices = writes.filter(({ symbol, cell, before }) => symbol === "AAPL" && cell === "value" && before === "300.00");
  assert.equal(prices.length, 1, "the watch on the board sees a price being written, once");
  assert.deepEqual(writes.filter(({ type }) => type === "childList"), [], "no element comes or goes");
  assert.deepEqual(writes.filter(({ type, before, after }) => type !== "childList" && before === after), [], "nothing is written over itself");
  assert.deepEqual(writes.filter(({ symbol, cell }) => symbol === "MSFT" && /value|price|change/.test(cell)), [], "a price that stays is not touched");
  assert.equal(await nodes(), before);
  assert.ok(await card(page, "AAPL").isVisible());
  assert.deepEqual(errors, []);
  await context.close();
});
