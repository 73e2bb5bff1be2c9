// Every view but the details (they have tests of their own), on a phone, a tablet and a screen: nothing that axe reports,
// nothing that sticks out. One file for each theme runs it, because a file has a limited time.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertAccessible, follow, launch, shot, visit } from "./support.mjs";

const overflow = (page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

export function testEveryView(colorScheme) {
  let browser;
  before(async () => {
    browser = await launch();
  });
  after(() => browser.close());

  for (const width of [360, 768, 1440]) {
    test(`every view is accessible and fits, ${colorScheme}, ${width} pixels wide`, async () => {
      const { context, page, errors } = await visit(browser, { viewport: { width, height: 860 }, colorScheme });
      for (const symbol of ["AAPL", "VOD.L", "BTC-USD"]) await follow(page, symbol);
      const look = async (what) => {
        await assertAccessible(page, what);
        assert.equal(await overflow(page), 0, `${what}: nothing sticks out`);
        await shot(page, `${what}-${colorScheme}-${width}`);
      };
      await look("cards");
      await page.getByRole("button", { name: "Table" }).click();
      await page.locator("tr[data-symbol=AAPL]").waitFor();
      await look("table");
      for (const [place, ready] of [["settings", ".tokens li"], ["popular", ".popular"], ["api", ".operations"]]) {
        await page.evaluate((place) => {
          location.hash = `#/${place}`;
        }, place);
        await page.locator(ready).first().waitFor();
        await look(place);
      }
      await page.evaluate(() => {
        location.hash = "#/";
      });
      await page.getByRole("button", { name: "Share the list My picks" }).click();
      await page.getByRole("button", { name: "Make a link" }).click();
      const link = page.getByLabel("Link", { exact: true });
      await link.waitFor();
      await look("share");
      await page.goto(await link.inputValue());
      await page.locator("tr[data-symbol=AAPL] [data-price]").waitFor();
      await look("shared");
      await page.goto(`${page.url().slice(0, -4)}0000`);
      await page.getByRole("heading", { name: "This link leads nowhere" }).waitFor();
      await look("shared-nowhere");
      assert.deepEqual(errors, []);
      await context.close();
    });
  }
}
