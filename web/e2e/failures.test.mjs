// What the server refuses is said in the reader's language, with the numbers and symbols that matter.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, visit } from "./support.mjs";

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

for (const [locale, ready, form, symbol, price, make, refused, many] of [
  ["en-GB", "Nothing on this list yet", "New alert", "Symbol", "Price", "Make the alert", "The source does not know ZZZZQQ", "try again in 7 s"],
  ["de-DE", "Noch nichts auf dieser Liste", "Neuer Alarm", "Symbol", "Kurs", "Alarm anlegen", "Die Quelle kennt ZZZZQQ nicht", "in 7 s geht es weiter"],
]) {
  test(`a refusal is told in the language of ${locale}`, async () => {
    const { context, page, errors } = await visit(browser, { locale });
    await page.getByText(ready).waitFor();
    await page.evaluate(() => {
      location.hash = "#/alerts";
    });
    const fields = page.getByRole("form", { name: form });
    await fields.getByRole("combobox", { name: symbol }).first().fill("ZZZZQQ");
    await fields.getByRole("textbox", { name: price }).fill("5");
    await page.getByRole("button", { name: make }).click();
    await fields.getByRole("alert").getByText(refused).waitFor();
    await page.route("**/api/v1/alerts", (route) => route.fulfill({ status: 429, headers: { "retry-after": "7" }, json: { code: "rate_limited", detail: "wait" } }));
    await page.getByRole("button", { name: make }).click();
    await fields.getByRole("alert").getByText(many).waitFor();
    assert.deepEqual(errors, []);
    await context.close();
  });
}
