// Names that want to do harm: markup, marks that turn the text around, letters that nobody sees, three hundred letters. The server
// takes most of that out; here it comes through, in every answer and frame.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { assertAccessible, card, launch, market, shot, takeViolations, visit } from "./support.mjs";

const MARKUP = '<img src=x onerror="globalThis.harmed=1"><script>globalThis.harmed=1</script><a href="javascript:harmed=1">';
const LONG = "W".repeat(300);
const NAMES = {
  "Apple Inc.": MARKUP,
  "Microsoft Corporation": "\u202Elive\u2067 ed\u202Diso\u200Fr",
  "NVIDIA Corporation": "\u200B\uFEFF\u2060N\u200Bo\u200Bw\u0007".repeat(30),
  "Tesla, Inc.": LONG,
};
const SYMBOLS = ["AAPL", "MSFT", "NVDA", "TSLA"];

let browser;
before(async () => {
  browser = await launch();
});
afterEach(() => market.reset());
after(() => browser.close());

/** Puts the names into what the server says, where it says the real ones. */
function poisoned(body) {
  let text = body;
  for (const [name, hostile] of Object.entries(NAMES)) text = text.replaceAll(JSON.stringify(name), JSON.stringify(hostile));
  return text;
}

async function poison(page) {
  await page.route("**/api/v1/**", async (route) => {
    const answer = await route.fetch().catch(() => undefined);
    if (!answer) return route.abort().catch(() => {});
    return route.fulfill({ response: answer, body: poisoned(await answer.text()) }).catch(() => {});
  });
  await page.route("**/api/v1/trending", (route) =>
    route.fulfill({ json: { trending: SYMBOLS.map((symbol, at) => ({ symbol, name: Object.values(NAMES)[at] })), most_followed: [] } }),
  );
  await page.routeWebSocket(/\/ws/, (socket) => {
    const server = socket.connectToServer();
    server.onMessage((message) => socket.send(typeof message === "string" ? poisoned(message) : message));
  });
}

/** No script ran, nothing is wider than the page, and every line of plain text runs from left to right. */
async function unharmed(page, what) {
  const found = await page.evaluate(() => {
    const reversed = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const text = node.data;
      const [first, last] = [text.search(/[\x21-\x7e]/), text.length - 1 - [...text].reverse().join("").search(/[\x21-\x7e]/)];
      if (first < 0 || last <= first || !/^[\x20-\x7e\s]*$/.test(text)) continue;
      const boxOf = (at) => {
        const range = document.createRange();
        range.setStart(node, at);
        range.setEnd(node, at + 1);
        return range.getBoundingClientRect();
      };
      const [one, other] = [boxOf(first), boxOf(last)];
      if (one.width > 0 && other.width > 0 && one.top === other.top && one.left > other.left) reversed.push(text);
    }
    return {
      harmed: globalThis.harmed,
      made: document.querySelectorAll("img, main script, a[href^='javascript:']").length,
      sideways: document.documentElement.scrollWidth - document.documentElement.clientWidth,
      turning: document.body.innerText.match(/[\u202a-\u202e\u2066-\u2069\u200b]/g),
      reversed,
      // Fixed boxes do not count as the page's width.
      cut: [...document.querySelectorAll(".toast, .popup")].filter((box) => box.getBoundingClientRect().right > innerWidth).length,
      // A figure that a name presses together has more lines than one.
      pressed: [...document.querySelectorAll(".value")].filter((value) => value.getClientRects().length > 0 && value.getBoundingClientRect().height > 60).length,
    };
  });
  assert.deepEqual(found, { harmed: undefined, made: 0, sideways: 0, turning: null, reversed: [], cut: 0, pressed: 0 }, what);
  const shown = await page.evaluate(() => document.body.innerText);
  assert.ok(shown.includes("onerror=") && shown.includes("WWWWW"), `${what}: the names are on the page`);
}

for (const width of [360, 1280]) {
  test(`hostile names do no harm in any view, ${width} pixels wide`, async () => {
    for (const symbol of SYMBOLS) await market.setPrice(symbol, 200);
    const { context, page, errors } = await visit(browser, { viewport: { width, height: 860 }, prepare: poison });
    await page.getByText("Nothing on this list yet").waitFor();
    const go = (place) => page.evaluate((place) => (location.hash = `#/${place}`), place);
    const field = page.getByRole("combobox", { name: "Search a company or symbol" });
    for (const symbol of SYMBOLS) {
      await field.fill(symbol);
      await page.getByRole("option").filter({ has: page.locator(`strong:text-is("${symbol}")`) }).click();
      await card(page, symbol).locator("[data-price='200']").waitFor();
    }
    await unharmed(page, "cards");
    await assertAccessible(page, "cards with hostile names");
    await shot(page, `hostile-cards-${width}`);

    // Two of them at once among what is found.
    for (const text of ["Apple", "Tesla"]) {
      await field.fill(text);
      await page.getByRole("option").first().waitFor();
      await unharmed(page, `search for ${text}`);
    }
    await shot(page, `hostile-search-${width}`);
    await field.fill("");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Table" }).click();
    for (const symbol of SYMBOLS) await page.locator(`tr[data-symbol=${symbol}]`).waitFor();
    await unharmed(page, "table");
    await shot(page, `hostile-table-${width}`);

    await go("popular");
    for (const symbol of SYMBOLS) await page.locator(`.popular li[data-symbol=${symbol}]`).waitFor();
    await unharmed(page, "popular");
    await shot(page, `hostile-popular-${width}`);

    const status = await page.evaluate(async (symbols) => {
      const make = (symbol) => {
        const body = JSON.stringify({ symbol, rule: { kind: "price_above", price: "250" }, note: "\u202Enote <b>" });
        return fetch("/api/v1/alerts", { method: "POST", headers: { "content-type": "application/json" }, body });
      };
      return Promise.all(symbols.map(async (symbol) => (await make(symbol)).status));
    }, SYMBOLS);
    assert.deepEqual(status, SYMBOLS.map(() => 201));
    await go("alerts");
    for (const symbol of SYMBOLS) await page.locator(`li[data-alert][data-symbol=${symbol}] .name`).waitFor();
    const notes = page.locator("li[data-alert] .own, li[data-notice] .own");
    // Notes are the reader's own words, shown as they were written, each in a box of its own direction.
    const withoutNotes = async (what) => {
      await notes.evaluateAll((items) => items.forEach((item) => item.remove()));
      await unharmed(page, what);
    };
    await shot(page, `hostile-alerts-${width}`);
    await withoutNotes("alerts");

    await go("inbox");
    for (const symbol of SYMBOLS) {
      await market.setPrice(symbol, 300);
      await page.locator(`li[data-notice][data-symbol=${symbol}]`).waitFor();
    }
    await shot(page, `hostile-inbox-${width}`);
    await page.getByText("live edisor is at 300.00: your alert fired").waitFor();
    await page.getByText("WWW\u2026 is at 300.00: your alert fired").waitFor();
    await withoutNotes("inbox and toasts");

    for (const symbol of SYMBOLS) {
      await go(`symbols/${symbol}`);
      await page.locator("[data-chart=shown] canvas").first().waitFor();
      await page.locator(`[data-detail=${symbol}] .figures`).waitFor();
      const { sideways, harmed } = await page.evaluate(() => ({ sideways: document.documentElement.scrollWidth - document.documentElement.clientWidth, harmed: globalThis.harmed }));
      assert.deepEqual([sideways, harmed], [0, undefined], `details of ${symbol}`);
      await shot(page, `hostile-${symbol}-${width}`);
    }
    assert.deepEqual(errors, []);
    await context.close();
  });
}

test("a script that gets into the page does not run, and is noticed", async () => {
  const { context, page } = await visit(browser);
  await page.getByText("Nothing on this list yet").waitFor();
  await page.evaluate(() => {
    const script = document.createElement("script");
    script.textContent = "globalThis.harmed = 1";
    document.body.append(script);
  });
  await page.waitForFunction(() => document.querySelector("body > script:last-of-type") !== null);
  assert.equal(await page.evaluate(() => globalThis.harmed), undefined);
  const noticed = takeViolations();
  assert.ok(noticed.length > 0 && noticed.every((words) => /script-src/.test(words)), JSON.stringify(noticed));
  await context.close();
});
