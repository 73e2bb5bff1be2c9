// The lines of alerts on a chart: moved by mouse, finger and keys, and back when the server will not have it.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { assertAccessible, card, follow, launch, market, shot, shows, systemUrl, visit } from "./support.mjs";

let browser;
before(async () => {
  browser = await launch();
});
afterEach(() => market.reset());
after(() => browser.close());

const grip = (page) => page.locator(".grip");
const input = (page, rule) => page.getByRole("spinbutton", { name: `Price of the alert “${rule}”` });
const listed = (page, words) => page.locator("li[data-alert]").getByText(words);

/** An alert on a price near the present one, and its symbol's chart. */
async function chartWithAlert(options = {}) {
  await market.setPrice("AAPL", 200);
  const visited = await visit(browser, options);
  const { page } = visited;
  await follow(page, "AAPL");
  await shows(page, "AAPL", "200.00");
  const answer = await page.evaluate(async () => {
    const body = JSON.stringify({ symbol: "AAPL", rule: { kind: "price_above", price: "200.5" } });
    return (await fetch("/api/v1/alerts", { method: "POST", headers: { "content-type": "application/json" }, body })).status;
  });
  assert.equal(answer, 201);
  await card(page, "AAPL").getByRole("link", { name: "Apple Inc." }).click();
  await page.locator("[data-chart=shown] canvas").first().waitFor();
  await grip(page).getByText("200.50").waitFor();
  return visited;
}

/** The middle of the grip. */
async function middle(page) {
  const { x, y, width, height } = await grip(page).boundingBox();
  return { x: x + width / 2, y: y + height / 2 };
}

const stored = (page) => page.evaluate(async () => (await (await fetch("/api/v1/alerts")).json()).alerts.map(({ rule }) => rule.price));

test("a line is dragged by the mouse: the price goes along, Escape puts it back, letting go changes the alert", async () => {
  const { context, page, errors } = await chartWithAlert();
  const start = await middle(page);
  // Anywhere on the line, away from its grip.
  const onLine = { x: start.x + 300, y: start.y };
  await page.mouse.move(onLine.x, onLine.y);
  await page.waitForFunction(({ x, y }) => getComputedStyle(document.elementFromPoint(x, y)).cursor === "ns-resize", onLine);
  await page.mouse.down();
  await page.mouse.move(onLine.x, onLine.y - 30, { steps: 5 });
  await page.locator(".grip.held").waitFor();
  assert.doesNotMatch(await grip(page).innerText(), /200\.50/);
  assert.match(await grip(page).innerText(), /\d+\.\d\d$/, "the price has the decimals of its instrument");
  await shot(page, "level-dragged");
  await page.keyboard.press("Escape");
  await grip(page).getByText("200.50").waitFor();
  await page.mouse.up();
  assert.equal(await page.locator("[data-detail=AAPL]").count(), 1, "Escape did not leave the chart");
  assert.deepEqual(await stored(page), ["200.5"]);

  const again = await middle(page);
  await page.mouse.move(again.x, again.y);
  await page.mouse.down();
  await page.mouse.move(again.x, again.y - 40, { steps: 5 });
  const dragged = (await grip(page).innerText()).match(/[\d.]+$/)[0];
  await page.mouse.up();
  await page.getByText(`The alert for AAPL is changed: rises to ${dragged}`).waitFor();
  await listed(page, `rises to ${dragged}`).waitFor();
  assert.deepEqual((await stored(page)).map(Number), [Number(dragged)]);

  await page.getByRole("button", { name: "Undo" }).click();
  await grip(page).getByText("200.50").waitFor();
  assert.deepEqual((await stored(page)).map(Number), [200.5]);
  assert.deepEqual(errors, []);
  await context.close();
});

test("a change that the server cannot take puts the line back and says why", async () => {
  const { context, page } = await chartWithAlert();
  const pull = async () => {
    const { x, y } = await middle(page);
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(x, y - 25, { steps: 3 });
    await page.locator(".grip.held").waitFor();
    await page.mouse.up();
  };
  await page.route("**/api/v1/alerts/*", (route) => route.abort());
  await pull();
  await page.getByText("The alert stays at 200.50: The server cannot be reached").waitFor();
  await grip(page).getByText("200.50").waitFor();
  await page.unrouteAll();

  // Changed on another device meanwhile.
  await page.evaluate(async () => {
    const { alerts } = await (await fetch("/api/v1/alerts")).json();
    const body = JSON.stringify({ rule: { kind: "price_above", price: "200.25" } });
    await fetch(`/api/v1/alerts/${alerts[0].id}`, { method: "PUT", headers: { "content-type": "application/json" }, body });
  });
  await pull();
  await page.getByText("This alert was changed elsewhere meanwhile").waitFor();
  await grip(page).getByText("200.25").waitFor();
  await listed(page, "rises to 200.25").waitFor();
  assert.deepEqual(await stored(page), ["200.25"]);
  await context.close();
});

test("the keys move a line by a step, and a price that is typed moves it too", async () => {
  const { context, page, errors } = await chartWithAlert();
  const field = input(page, "rises to 200.50");
  await field.focus();
  await field.press("ArrowUp");
  await grip(page).getByText("200.51").waitFor();
  await field.press("PageDown");
  await grip(page).getByText("200.41").waitFor();
  assert.equal(await field.getAttribute("aria-valuetext"), "200.41");
  await field.press("Escape");
  await grip(page).getByText("200.50").waitFor();
  assert.equal(await page.locator("[data-detail=AAPL]").count(), 1);
  await field.fill("abc");
  await page.getByText("This is not a number above zero").waitFor();
  await field.fill("200.6");
  await grip(page).getByText("200.60").waitFor();
  await assertAccessible(page, "a price being changed");
  await shot(page, "level-typed");
  await field.press("Enter");
  await listed(page, "rises to 200.60").waitFor();
  assert.deepEqual((await stored(page)).map(Number), [200.6]);
  await page.waitForFunction(() => document.activeElement?.getAttribute("role") === "spinbutton");
  assert.deepEqual(errors, []);
  await context.close();
});

test("a finger moves a line by its grip, and scrolls the page elsewhere on the line", async () => {
  const { context, page, errors } = await chartWithAlert({ viewport: { width: 360, height: 640 }, hasTouch: true, isMobile: true });
  await grip(page).scrollIntoViewIfNeeded();
  const finger = await context.newCDPSession(page);
  const swipe = async (x, y, by) => {
    const touch = (type, at) => finger.send("Input.dispatchTouchEvent", { type, touchPoints: at === undefined ? [] : [{ x, y: at }] });
    await touch("touchStart", y);
    for (let step = 1; step <= 6; step += 1) await touch("touchMove", y + (by * step) / 6);
    await touch("touchEnd");
  };
  const { x, y } = await middle(page);
  const top = () => page.evaluate(() => window.scrollY);
  const before = await top();
  await swipe(x, y, -30);
  await page.getByText("The alert for AAPL is changed").waitFor();
  assert.equal(await top(), before, "the page did not go along with the grip");
  const moved = await stored(page);
  assert.notDeepEqual(moved.map(Number), [200.5]);
  const line = await middle(page);
  await swipe(line.x + 120, line.y, -60);
  await page.waitForFunction((before) => window.scrollY > before, before);
  assert.deepEqual(await stored(page), moved, "a swipe across the line leaves the alert as it is");
  assert.deepEqual(errors, []);
  await context.close();
});

for (const colorScheme of ["light", "dark"]) {
  for (const [width, height] of [[360, 740], [1440, 900]]) {
    test(`a chart with lines is accessible and fits, ${colorScheme} at ${width}`, async () => {
      const { context, page, errors } = await chartWithAlert({ viewport: { width, height }, colorScheme });
      // One that is out of sight waits at the edge.
      await page.evaluate(async () => {
        const body = JSON.stringify({ symbol: "AAPL", rule: { kind: "price_below", price: "20" } });
        await fetch("/api/v1/alerts", { method: "POST", headers: { "content-type": "application/json" }, body });
      });
      await page.reload();
      await page.locator(".grip[data-beyond=below]").getByText("20.00").waitFor();
      await input(page, "falls to 20.00").press("ArrowDown");
      await page.evaluate(() => window.scrollTo(0, 0));
      await assertAccessible(page, `levels, ${colorScheme} at ${width}`);
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), 0);
      await input(page, "falls to 20.00").scrollIntoViewIfNeeded();
      await shot(page, `levels-${colorScheme}-${width}`);
      assert.deepEqual(errors, []);
      await context.close();
    });
  }
}

test("an alert without a price of its own has a line that stays", async () => {
  await market.setPrice("MSFT", 300);
  const { context, page } = await visit(browser, { url: new URL("#/symbols/MSFT", systemUrl).href });
  await page.locator("[data-chart=shown] canvas").first().waitFor();
  await page.evaluate(async () => {
    const body = JSON.stringify({ symbol: "MSFT", rule: { kind: "move", percent: "5", direction: "up", since: "set" } });
    await fetch("/api/v1/alerts", { method: "POST", headers: { "content-type": "application/json" }, body });
  });
  await page.reload();
  await page.locator("[data-levels='1']").waitFor();
  await page.getByRole("heading", { name: "Your alerts" }).waitFor();
  assert.equal(await grip(page).count() + (await page.getByRole("spinbutton").count()), 0);
  await context.close();
});
