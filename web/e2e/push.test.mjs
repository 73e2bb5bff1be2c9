// Notifications from the button to the notification: the page, the server, the push service and the service worker.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { PushService, Worker } from "./pushService.mjs";
import { assertAccessible, launch, shot, visit } from "./support.mjs";
import { System } from "./system.mjs";

let browser;
const service = new PushService();
let system;

before(async () => {
  browser = await launch();
  await service.start();
  system = new System({ more: ["--push-service", service.url.host] });
  await system.start();
});

after(async () => {
  await browser?.close();
  await system?.remove();
  await service.stop();
});

/** A page of somebody new, which may show notifications. */
async function arrive({ permissions = ["notifications"] } = {}) {
  const visited = await visit(browser, { url: system.url.href, permissions, serviceWorkers: "allow", prepare: (page) => service.prepare(page) });
  await visited.page.getByRole("link", { name: "Settings", exact: true }).click();
  return visited;
}

const settings = (page) => page.getByRole("region", { name: "Notifications" });
const devices = (page) => settings(page).getByRole("listitem");

/** Switches notifications on, and lets the first message come back. */
async function switchOn(page) {
  const from = (await service.messages()).length;
  await settings(page).getByRole("button", { name: "Turn on notifications here" }).click();
  const first = await service.waitFor("first message", ({ payload }) => payload.notification.data.activation, from);
  await settings(page).getByText("A first notification is on its way").waitFor();
  const worker = await Worker.of(page);
  await worker.deliver(first, "push-activated");
  await settings(page).getByText("This device gets your alerts").waitFor();
  return { worker, first };
}

test("a device is switched on, shown to work, and removed", async () => {
  const { context, page, errors } = await arrive();
  await settings(page).getByRole("button", { name: "Turn on notifications here" }).waitFor();
  await assertAccessible(page, "the settings, switched off");
  const { worker, first } = await switchOn(page);
  assert.deepEqual([first.urgency, first.status], ["high", 201]);
  assert.match(first.topic, /^[0-9a-f]{32}$/);
  assert.deepEqual((await worker.notifications()).map(({ title }) => title), ["Notifications are on"]);
  await devices(page).getByText("Chrome · Linux").waitFor();
  await assertAccessible(page, "the settings, switched on");
  await shot(page, "notifications");

  const from = (await service.messages()).length;
  await settings(page).getByRole("button", { name: "Test Chrome · Linux" }).click();
  await settings(page).getByText("A test notification is on its way").waitFor();
  const sent = await service.waitFor("test message", ({ payload }) => payload.notification.title === "Test notification", from);
  await worker.deliver(sent);
  const shown = await worker.notifications();
  assert.deepEqual(shown, [
    { title: "Test notification", body: "Notifications arrive on this device.", tag: "device", actions: [] },
  ]);

  await page.reload();
  await settings(page).getByText("This device gets your alerts").waitFor();
  await settings(page).getByRole("button", { name: "Remove Chrome · Linux" }).click();
  await settings(page).getByRole("button", { name: "Turn on notifications here" }).waitFor();
  assert.equal(await devices(page).count(), 0);
  assert.deepEqual(errors, []);
  await context.close();
});

test("a device whose subscription is gone is forgotten when something is pushed to it", async () => {
  const { context, page } = await arrive();
  const { first } = await switchOn(page);
  await service.answerNext(first.endpoint, 410);
  const from = (await service.messages()).length;
  await settings(page).getByRole("button", { name: "Test Chrome · Linux" }).click();
  await service.waitFor("refused message", ({ status }) => status === 410, from);
  await page.waitForFunction(async () => {
    const answer = await fetch("/api/v1/push/subscriptions");
    return (await answer.json()).devices.length === 0;
  });
  await context.close();
});

test("who said no is told where to change it, and nobody is called", async () => {
  const from = (await service.messages()).length;
  const { context, page } = await arrive({ permissions: [] });
  // Headless Chromium answers the question with no by itself.
  await settings(page).getByText("Notifications are blocked for this site").waitFor();
  await assertAccessible(page, "notifications blocked");
  await shot(page, "notifications-blocked");
  assert.equal((await service.messages()).length, from);
  await context.close();
});

test("a button of a notification that is of no use any more says so", async () => {
  const { context, page } = await arrive();
  const { worker } = await switchOn(page);
  const token = "0f".repeat(32);
  const notification = {
    title: "AAPL 270.00",
    body: "Above 269.00",
    tag: "alert-1",
    navigate: "/",
    actions: [{ action: "snooze", title: "Snooze 1 h" }],
    data: { navigate: "/", tokens: [{ id: "snooze", token }] },
  };
  await worker.deliver({ payload: { web_push: 8030, notification, mutable: true } });
  await worker.click("alert-1", "snooze", "push-action");
  const shown = await worker.notifications();
  assert.ok(shown.some(({ title }) => title === "That could not be done"), JSON.stringify(shown));

  // In the language that the page was last in, which is not the browser's.
  await page.getByLabel("Language and number format").selectOption("de-DE");
  await page.getByRole("heading", { name: "Einstellungen" }).waitFor();
  await page.waitForFunction(async () => (await (await caches.match("/language"))?.text()) === "de");
  await worker.deliver({ payload: { web_push: 8030, notification, mutable: true } });
  await worker.click("alert-1", "snooze", "push-action");
  const german = await worker.notifications();
  assert.ok(german.some(({ title }) => title === "Das ließ sich nicht machen"), JSON.stringify(german));
  await context.close();
});

test("a price that the market moves is notified, a button snoozes its alert with no page's help, and the inbox shows it", async () => {
  await system.market.setPrice("AAPL", 200);
  const { context, page, errors } = await arrive();
  const { worker } = await switchOn(page);
  const go = (hash) => page.evaluate((hash) => (location.hash = hash), hash);
  await go("#/alerts/AAPL");
  const form = page.getByRole("form", { name: "New alert" });
  await form.getByRole("textbox", { name: "Price" }).fill("250");
  await form.getByLabel("Note to yourself").fill("<b>sell</b> half");
  await page.getByText("If it were made now: waits: 50.00 to go to 250.00").waitFor();
  await page.getByRole("button", { name: "Make the alert" }).click();
  const alert = (verdict) => page.locator(`li[data-alert][data-symbol=AAPL][data-verdict=${verdict}]`);
  await alert("waiting").waitFor();

  const from = (await service.messages()).length;
  await system.market.setPrice("AAPL", 1234.5);
  const sent = await service.waitFor("alert", ({ payload }) => /AAPL/.test(payload.notification.title), from);
  assert.match(sent.payload.notification.title, /1,?234\.50/);
  assert.match(sent.topic, /^[\w-]{1,32}$/);
  await worker.deliver(sent);
  const shown = (await worker.notifications()).find(({ tag }) => tag === sent.payload.notification.tag);
  assert.equal(shown.title, sent.payload.notification.title);
  assert.match(shown.body, /250/);
  assert.match(shown.body, /<b>sell<\/b> half/);
  assert.deepEqual(shown.actions.slice(0, 1), ["snooze"]);

  await worker.click(shown.tag, "snooze", "push-action");
  assert.ok(!(await worker.notifications()).some(({ title }) => title === "That could not be done"));
  await page.reload();
  await alert("snoozed").waitFor();
  await go("#/inbox");
  await page.locator("li[data-notice][data-symbol=AAPL]").getByText("Fired at 1,234.50").waitFor();
  assert.equal((await service.messages()).slice(from).filter(({ payload }) => /AAPL/.test(payload.notification.title)).length, 1);
  assert.deepEqual(errors, []);
  await context.close();
});
