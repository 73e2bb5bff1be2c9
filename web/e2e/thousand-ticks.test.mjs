// What a thousand ticks cost a page with a long list.

import assert from "node:assert/strict";
import { test } from "node:test";
import { longList, SYMBOLS } from "./long-list.mjs";

const TICKS = 1000;
/** So many symbols change in each: all that are in sight, and as many that are not. */
const MOVING = 60;

const visitLongList = longList();

test(`${TICKS} ticks on two hundred symbols: one draw a frame, no more written than changed, nothing moves and nothing piles up`, async () => {
  const { context, page, errors } = await visitLongList("table");
  const devTools = await context.newCDPSession(page);
  await devTools.send("Performance.enable");
  const kept = async () => {
    await devTools.send("HeapProfiler.collectGarbage");
    const { metrics } = await devTools.send("Performance.getMetrics");
    return Object.fromEntries(metrics.filter(({ name }) => ["Nodes", "JSEventListeners"].includes(name)).map(({ name, value }) => [name, value]));
  };
  await page.evaluate(({ symbols, moving }) => {
    const names = symbols.slice(0, moving).map((symbol) => ({ symbol, name: `Company ${symbol}`, currency: "USD", market_state: "regular" }));
    let tick = 1e9;
    // Later than what the server will send meanwhile, which is thus old news.
    let asOf = Date.now() + 3_600_000;
    // Asked for after the page asked for its own, so the page has drawn when it comes.
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    globalThis.shifts = [];
    new PerformanceObserver((list) => {
      for (const { value, sources } of list.getEntries()) {
        // A figure of one digit more begins further left, as it is aligned at its end: that is all that may move.
        const moved = sources.filter(({ node }) => node instanceof Element).map(({ node, previousRect, currentRect }) => `${node.className} from ${previousRect.x} to ${currentRect.x}`);
        if (moved.length > 0) globalThis.shifts.push(`${value}: ${moved.join(", ")}`);
      }
    }).observe({ type: "layout-shift" });
    /** Sends two messages at once, the same cells changed in each, and counts what is written for them. */
    globalThis.runTicks = async (count) => {
      const written = { most: 0, seen: 0, elements: 0 };
      let texts = 0;
      const observer = new MutationObserver((records) => {
        for (const { type, addedNodes, removedNodes } of records) {
          if (type === "characterData") texts += 1;
          else written.elements += [...addedNodes, ...removedNodes].filter((node) => node instanceof Element).length;
        }
      });
      observer.observe(document.querySelector("#board"), { subtree: true, childList: true, characterData: true });
      for (let at = 0; at < count; at += 1) {
        for (let part = 0; part < 2; part += 1) {
          tick += 1;
          asOf += 1;
          // Always above the previous close: an arrow that turns is a write more.
          const price = (101 + (tick % 997) / 100).toFixed(2);
          const moved = { price, change: (Number(price) - 100).toFixed(2), change_percent: (Number(price) - 100).toFixed(2) };
          const data = { type: "quotes", tick, polled_at: Date.now(), missing: [], quotes: names.map((name) => ({ ...name, ...moved, tick, as_of: asOf })) };
          globalThis.socket.dispatchEvent(new MessageEvent("message", { data: JSON.stringify(data) }));
        }
        texts = 0;
        await frame();
        written.most = Math.max(written.most, texts);
        if (texts > 0) written.seen += 1;
      }
      observer.disconnect();
      return written;
    };
  }, { symbols: SYMBOLS, moving: MOVING });
  const run = (count) => page.evaluate((count) => globalThis.runTicks(count), count);
  await run(50);
  const before = await kept();
  await page.evaluate(() => {
    globalThis.shifts = [];
  });
  const written = await run(TICKS);
  const near = await page.evaluate(() => {
    const [from, to] = [-0.25 * innerHeight, 1.25 * innerHeight];
    return [...document.querySelectorAll("#board [data-symbol]")].filter((row) => {
      const { top, bottom } = row.getBoundingClientRect();
      return bottom >= from && top <= to;
    }).length;
  });
  assert.ok(near > 0 && near < SYMBOLS.length / 2, `${near} rows are near`);
  // Price, change and percent.
  assert.ok(written.most > 0 && written.most <= 3 * near, `${written.most} texts for ${near} rows near`);
  assert.equal(written.seen, TICKS, "each tick is drawn");
  assert.equal(written.elements, 0, "no element comes or goes");
  assert.deepEqual(await page.evaluate(() => globalThis.shifts), [], "nothing moves");
  const after = await kept();
  assert.ok(after.Nodes <= before.Nodes && after.JSEventListeners <= before.JSEventListeners, JSON.stringify({ before, after }));
  assert.deepEqual(errors, []);
  await context.close();
});
