// Quiet hours: switched on with the browser's time zone, kept by the server, told where alerts are.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertAccessible, launch, shot, visit } from "./support.mjs";

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

const stored = (page) => page.evaluate(async () => (await fetch("/api/v1/preferences")).json());
const box = (page) => page.getByRole("region", { name: "Quiet hours" });
const change = (page, act) => Promise.all([page.waitForResponse((response) => response.url().endsWith("/preferences") && response.request().method() === "PUT"), act()]);

test("quiet hours are switched on, set, told beside the alerts, and switched off", async () => {
  const { context, page, errors } = await visit(browser, { timezoneId: "Asia/Tokyo" });
  await page.getByText("Nothing on this list yet").waitFor();
  await page.getByRole("link", { name: "Settings" }).click();
  assert.equal(await box(page).getByLabel("From").count(), 0, "nothing to set while they are off");
  await change(page, () => box(page).getByRole("checkbox").check());
  await box(page).getByText("Quiet from 22:00 to 07:00 on the next day").waitFor();
  const preferences = await stored(page);
  assert.deepEqual(preferences.quiet_hours, { from: "22:00", to: "07:00" });
  assert.equal(preferences.time_zone, "Asia/Tokyo", "the server has to know whose clock is meant");

  await change(page, () => box(page).getByLabel("From").fill("08:30"));
  await change(page, () => box(page).getByLabel("To", { exact: true }).fill("08:30"));
  await box(page).getByText("Quiet all day: what happens is told once a day, at 08:30").waitFor();
  await box(page).getByLabel("From").fill("");
  await box(page).getByLabel("From").blur();
  await box(page).getByRole("alert").getByText("Give both times").waitFor();
  assert.deepEqual((await stored(page)).quiet_hours, { from: "08:30", to: "08:30" });
  await assertAccessible(page, "quiet hours");
  await change(page, () => box(page).getByLabel("Time zone of the quiet hours").selectOption("Europe/Berlin"));
  assert.equal((await stored(page)).time_zone, "Europe/Berlin");
  // Without a zone of their own they would be meant in UTC.
  await change(page, () => page.getByLabel(/^Time zone(?! of)/).selectOption(""));
  assert.equal((await stored(page)).time_zone, "Asia/Tokyo");

  await page.getByRole("link", { name: "Alerts", exact: true }).click();
  await page.getByText("Quiet hours until 08:30 (Asia/Tokyo)").waitFor();
  await assertAccessible(page, "alerts in quiet hours");
  await shot(page, "quiet-alerts");
  await page.getByRole("link", { name: "Change the quiet hours" }).click();
  await page.reload();
  assert.equal(await box(page).getByLabel("To", { exact: true }).inputValue(), "08:30");
  await change(page, () => box(page).getByRole("checkbox").uncheck());
  assert.equal((await stored(page)).quiet_hours, undefined);
  await page.getByRole("link", { name: "Alerts", exact: true }).click();
  await page.getByRole("heading", { name: "Your alerts" }).waitFor();
  assert.equal(await page.getByText("Quiet hours").count(), 0);
  assert.deepEqual(errors, []);
  await context.close();
});

test("quiet hours that the server did not take are not shown as on", async () => {
  const { context, page } = await visit(browser);
  await page.getByText("Nothing on this list yet").waitFor();
  await page.getByRole("link", { name: "Settings" }).click();
  await page.route("**/api/v1/preferences", (route) => route.abort());
  await box(page).getByRole("checkbox").click();
  await page.getByText("The server cannot be reached").waitFor();
  await page.waitForFunction(() => !document.querySelector("[aria-labelledby=quiet-hours] input[type=checkbox]").checked);
  assert.equal(await box(page).getByLabel("From").count(), 0);
  await context.close();
});

for (const colorScheme of ["light", "dark"]) {
  for (const width of [360, 1440]) {
    test(`quiet hours are accessible and fit in German, ${colorScheme} at ${width}`, async () => {
      const { context, page, errors } = await visit(browser, { viewport: { width, height: 860 }, colorScheme, locale: "de-DE" });
      await page.getByText("Noch nichts auf dieser Liste").waitFor();
      await page.evaluate(() => {
        location.hash = "#/settings";
      });
      await page.getByRole("region", { name: "Ruhezeit" }).getByRole("checkbox").check();
      await page.getByText("Ruhe von 22:00 bis 07:00 am nächsten Tag").waitFor();
      await assertAccessible(page, `quiet hours, ${colorScheme} at ${width}`);
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), 0);
      await page.getByRole("region", { name: "Ruhezeit" }).scrollIntoViewIfNeeded();
      await shot(page, `quiet-${colorScheme}-${width}`);
      assert.deepEqual(errors, []);
      await context.close();
    });
  }
}
