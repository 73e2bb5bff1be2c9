// How long the page's scripts run for one tick that changes every row: `npm run build && npm run bench`.
//
// The page is the built one, in Chromium, with a scripted server in the place of ours: what is measured is the browser's part.
// CHROMIUM_PATH  the browser
// ROWS, TICKS    how much of it (500, 30)

import { preview } from "vite";
import { chromium } from "playwright-core";

const rows = Number(process.env.ROWS ?? 500);
const ticks = Number(process.env.TICKS ?? 30);
const WARM_UP = 10;
const FRAME_MS = 1000 / 60;

const symbols = Array.from({ length: rows }, (_, at) => `S${at}`);
const clock = { polled_at: Date.now(), source: { state: "ok", interval: 60 } };

function quotesOf(tick) {
  return symbols.map((symbol, at) => {
    const price = (100 + at / 10 + tick / 100).toFixed(2);
    const change = (Number(price) - 100).toFixed(2);
    return {
      symbol,
      name: `Company number ${at}`,
      kind: "equity",
      exchange: "NasdaqGS",
      currency: "USD",
      price,
      price_hint: 2,
      change,
      change_percent: change,
      previous_close: "100.00",
      open: "100.00",
      day_low: "99.00",
      day_high: "199.00",
      volume: 1_000_000 + tick,
      market_cap: "3985193861120",
      fifty_two_week_low: "50.00",
      fifty_two_week_high: "250.00",
      market_state: "regular",
      as_of: Date.now() + tick,
      tick,
      polled_at: clock.polled_at,
    };
  });
}

function answer(method, path) {
  if (path === "/config") return { version: "bench", source: { kind: "simulated" }, ws_path: "/ws" };
  if (path === "/watchlists") return { watchlists: [{ id: "1", name: "All", symbols, version: 1 }] };
  if (path === "/ws-ticket") return { ticket: "x" };
  if (path.startsWith("/quotes")) return { tick: 1, ...clock, quotes: quotesOf(1), missing: [] };
  if (path.startsWith("/sparks")) return { sparks: Object.fromEntries(symbols.map((symbol) => [symbol, { closes: Array.from({ length: 40 }, (_, at) => String(100 + (at % 7))) }])), missing: [] };
  return {};
}

const server = await preview({ preview: { port: 0, host: "127.0.0.1" }, logLevel: "silent" });
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM_PATH, args: ["--no-sandbox", "--disable-gpu"] });
try {
  for (const layout of ["table", "cards"]) {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, serviceWorkers: "block" });
    const page = await context.newPage();
    let socket;
    await page.routeWebSocket(/\/ws/, (route) => {
      socket = route;
      route.onMessage((text) => {
        if (JSON.parse(text).action === "hello") route.send(JSON.stringify({ type: "hello", tick: 1, server_time: Date.now(), ...clock }));
      });
    });
    await page.route("**/api/v1/**", (route) => {
      const { pathname, search } = new URL(route.request().url());
      return route.fulfill({ json: answer(route.request().method(), pathname.replace("/api/v1", "") + search) });
    });
    await page.addInitScript((layout) => {
      // A frame's scripting ends when what its callbacks changed has been written: Svelte does that in a microtask.
      const request = globalThis.requestAnimationFrame.bind(globalThis);
      globalThis.frames_ms = [];
      globalThis.requestAnimationFrame = (callback) =>
        request((time) => {
          const begun = performance.now();
          callback(time);
          queueMicrotask(() => globalThis.frames_ms.push(performance.now() - begun));
        });
      localStorage.setItem("quickstocks.view", JSON.stringify({ layout, columns: ["price", "change", "change_percent", "spark", "day_range", "volume", "age"] }));
    }, layout);
    await page.goto(server.resolvedUrls.local[0]);
    await page.locator(`[data-symbol=S${rows - 1}] [data-price]`).waitFor();
    await page.locator("[data-phase=live]").waitFor();
    const metrics = await context.newCDPSession(page);
    await metrics.send("Performance.enable");
    const read = async () => Object.fromEntries((await metrics.send("Performance.getMetrics")).metrics.map(({ name, value }) => [name, value]));
    const shows = (symbol, price, options) =>
      page.waitForFunction(({ symbol, price }) => document.querySelector(`[data-symbol=${symbol}] [data-price]`)?.dataset.price === price, { symbol, price }, options);
    const spent = (before, after) =>
      Object.fromEntries(["ScriptDuration", "LayoutDuration", "RecalcStyleDuration"].map((name) => [name, (after[name] - before[name]) * 1000]));
    const costs = [];
    let nodes;
    let last;
    for (let tick = 2; tick < 2 + WARM_UP + ticks; tick += 1) {
      last = quotesOf(tick);
      const before = await read();
      socket.send(JSON.stringify({ type: "quotes", tick, ...clock, quotes: last, missing: [] }));
      // The first row is in sight; those that are not are behind on purpose.
      await shows(symbols[0], last[0].price);
      const after = await read();
      if (tick < 2 + WARM_UP) continue;
      costs.push(spent(before, after));
      if (nodes === undefined) await page.evaluate(() => (globalThis.frames_ms = []));
      nodes ??= after.Nodes;
    }
    const at = (values, share) => values.toSorted((left, right) => left - right)[Math.min(values.length - 1, Math.floor(share * values.length))].toFixed(1);
    const spread = (values) => `p10 ${at(values, 0.1)} ms, p50 ${at(values, 0.5)} ms, p90 ${at(values, 0.9)} ms`;
    const frames = (await page.evaluate(() => globalThis.frames_ms)).filter((milliseconds) => milliseconds > 0.5);
    const before = await read();
    // Looking each frame would itself be what is measured.
    await shows(symbols.at(-1), last.at(-1).price, { polling: 1000 });
    const caughtUp = spent(before, await read());
    const { Nodes } = await read();
    console.log(`${layout}, ${rows} changed rows a tick, ${ticks} ticks (a frame has ${FRAME_MS.toFixed(1)} ms):`);
    console.log(`  scripting a tick:  ${spread(costs.map(({ ScriptDuration }) => ScriptDuration))}`);
    console.log(`  style and layout:  ${spread(costs.map(({ LayoutDuration, RecalcStyleDuration }) => LayoutDuration + RecalcStyleDuration))}`);
    console.log(`  scripting a frame: p50 ${at(frames, 0.5)} ms, p90 ${at(frames, 0.9)} ms; ${(frames.length / ticks).toFixed(1)} frames a tick`);
    console.log(`  rows out of sight, once for all these ticks: ${caughtUp.ScriptDuration.toFixed(0)} ms of scripting in small parts`);
    console.log(`  nodes more at the end: ${Nodes - nodes}`);
    await context.close();
  }
} finally {
  await browser.close();
  server.httpServer.close();
}
