// The page as an app: it can be installed, opens without a network, and offers a new version.

import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { assertAccessible, card, follow, launch, price, shot, symbolsOnBoard, systemUrl, visit } from "./support.mjs";
import { dist, System } from "./system.mjs";

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

const serviceWorkers = "allow";
/** Waits until the worker has kept the files, and is there for the next visit. */
const installed = (page) => page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));

test("what an installation needs is there", async () => {
  const { context, page, errors } = await visit(browser, { serviceWorkers });
  const session = await context.newCDPSession(page);
  const { url, errors: faults, data } = await session.send("Page.getAppManifest");
  assert.equal(url, new URL("/manifest.webmanifest", systemUrl).href);
  assert.deepEqual(faults, []);
  const { name, icons, display, start_url } = JSON.parse(data);
  assert.deepEqual({ name, display, start_url }, { name: "QuickStocks", display: "standalone", start_url: "/" });
  for (const { src, type } of icons) {
    const answer = await page.request.get(new URL(src, systemUrl).href);
    assert.equal(answer.headers()["content-type"], type, src);
  }
  const worker = await page.request.get(new URL("/sw.js", systemUrl).href);
  assert.equal(worker.headers()["cache-control"], "no-cache");
  assert.deepEqual(errors, []);
  await context.close();
});

test("without a network the page opens, with the views that were not opened yet", async () => {
  const { context, page, errors } = await visit(browser, { serviceWorkers });
  await follow(page, "AAPL");
  await follow(page, "NVDA");
  await installed(page);
  await page.reload();
  await price(page, "AAPL").waitFor();
  await context.setOffline(true);
  await page.clock.setSystemTime(Date.now() + 10 * 60_000);
  await page.reload();
  await page.getByText("Offline", { exact: true }).waitFor();
  // The last prices are there, and nobody takes them for live ones.
  await price(page, "AAPL").waitFor();
  await card(page, "AAPL").and(page.locator(".stale")).waitFor();
  await card(page, "AAPL").getByText(/last confirmed/).waitFor();
  await assertAccessible(page, "offline board");
  await shot(page, "offline-board");

  // What is changed meanwhile is kept over a reload, and sent when there is a network again.
  await page.getByRole("button", { name: "Remove NVDA" }).click();
  await card(page, "NVDA").waitFor({ state: "detached" });
  await page.reload();
  await price(page, "AAPL").waitFor();
  assert.equal(await card(page, "NVDA").count(), 0);

  await page.evaluate(() => {
    location.hash = "#/symbols/AAPL";
  });
  await page.locator('[data-detail="AAPL"]').waitFor();
  await assertAccessible(page, "offline");
  await shot(page, "offline");
  await context.setOffline(false);
  await page.getByText("Live", { exact: true }).waitFor();
  await page.evaluate(() => {
    location.hash = "";
  });
  await price(page, "AAPL").waitFor();
  await page.reload();
  await price(page, "AAPL").waitFor();
  assert.deepEqual(await symbolsOnBoard(page), ["AAPL"], "the change has reached the server");
  assert.deepEqual(errors, []);
  await context.close();
});

test("a new version waits until it is wanted", async () => {
  const web = mkdtempSync(path.join(tmpdir(), "quickstocks-web-"));
  cpSync(dist, web, { recursive: true });
  const system = new System({ web });
  try {
    await system.start();
    const { context, page, errors } = await visit(browser, { url: system.url.href, serviceWorkers });
    await installed(page);
    await page.reload();
    await page.getByText("Live", { exact: true }).waitFor();

    const change = (file, from, to) => {
      const before = readFileSync(path.join(web, file), "utf8");
      const after = before.replace(from, to);
      assert.notEqual(after, before, file);
      writeFileSync(path.join(web, file), after);
    };
    change("index.html", "<title>QuickStocks", "<title>New QuickStocks");
    // The revision of each file stands in the worker's list; with another one the browser sees another worker.
    change("sw.js", /"revision":"[^"]*","url":"index.html"/, '"revision":"new","url":"index.html"');
    await page.evaluate(() => navigator.serviceWorker.getRegistration().then((registration) => registration.update()));
    await page.getByText("A new version is there").waitFor();
    assert.equal(await page.title(), "QuickStocks", "nothing changes under who reads the page");
    await assertAccessible(page, "update");
    await page.getByRole("button", { name: "Reload" }).click();
    await page.waitForFunction(() => document.title === "New QuickStocks");
    await page.getByText("Live", { exact: true }).waitFor();
    assert.equal(await page.getByText("A new version is there").count(), 0);
    assert.deepEqual(errors, []);
    await context.close();
  } finally {
    await system.remove();
    rmSync(web, { recursive: true, force: true });
  }
});
