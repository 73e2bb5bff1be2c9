// Every view in light and dark, on a phone, a tablet and a screen: nothing that axe reports, nothing that sticks out.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { assertAccessible, follow, launch, market, shot, visit } from "./support.mjs";

let browser;
before(async () => {
  browser = await launch();
});
afterEach(() => market.reset());
after(() => browser.close());

const overflow = (page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

for (const colorScheme of ["light", "dark"]) {
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
      await page.goto(new URL("/#/symbols/AAPL", page.url()).href);
      await page.locator("[data-chart=shown] canvas").first().waitFor();
      await look("symbol");
      for (const [place, ready] of [["settings", ".tokens li"], ["popular", ".popular"], ["api", ".operations"]]) {
        await page.evaluate((place) => {
          location.hash = `#/${place}`;
        }, place);
        await page.locator(ready).first().waitFor();
        await look(place);
      }
      assert.deepEqual(errors, []);
      await context.close();
    });
  }
}
