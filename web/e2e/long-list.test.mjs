// A long list: what is seen is live, what is scrolled to is current, and the rest follows.

import assert from "node:assert/strict";
import { test } from "node:test";
import { longList, SYMBOLS } from "./long-list.mjs";
import { assertAccessible, shot } from "./support.mjs";

const FIRST = SYMBOLS[0];
const LAST = SYMBOLS.at(-1);

const visitLongList = longList();

const priceOf = (page, symbol) => page.locator(`[data-symbol=${symbol}] [data-price]`);

for (const layout of ["cards", "table"]) {
  test(`two hundred symbols, as ${layout}: what is seen is live, and what is scrolled to is current`, async () => {
    const { context, page, errors } = await visitLongList(layout);
    assert.equal(await page.locator("#board [data-symbol]").count(), SYMBOLS.length);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), 0);
    await assertAccessible(page, layout);
    await shot(page, `two-hundred-${layout}`);

    const first = await priceOf(page, FIRST).getAttribute("data-price");
    const last = await priceOf(page, LAST).getAttribute("data-price");
    await priceOf(page, FIRST).and(page.locator(`:not([data-price="${first}"])`)).waitFor();
    assert.equal(await priceOf(page, LAST).getAttribute("data-price"), last, "what nobody sees costs a tick nothing");

    await page.locator(`[data-symbol=${LAST}]`).scrollIntoViewIfNeeded();
    await page.waitForFunction(
      async ({ symbol }) => {
        const shown = document.querySelector(`[data-symbol=${symbol}] [data-price]`).dataset.price;
        const { quotes } = await (await fetch(`/api/v1/quotes?symbols=${symbol}`)).json();
        return quotes[0].price === shown;
      },
      { symbol: LAST },
    );

    // The first is out of sight now: it is behind for a while, and then current without being looked at.
    await page.waitForFunction((symbol) => document.querySelector(`[data-symbol=${symbol}]`).getBoundingClientRect().bottom < 0, FIRST);
    const behind = await priceOf(page, FIRST).getAttribute("data-price");
    await page.waitForFunction(
      async ({ symbol, behind }) => {
        globalThis.catchUp();
        return document.querySelector(`[data-symbol=${symbol}] [data-price]`).dataset.price !== behind;
      },
      { symbol: FIRST, behind },
      { polling: 200 },
    );
    assert.deepEqual(errors, []);
    await context.close();
  });
}
