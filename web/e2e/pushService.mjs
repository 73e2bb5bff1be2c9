// The browser's push service, played by a program on this machine: no real one can be reached from a test. The page gets the subscriptions
// that it makes, and what it read is handed to the service worker, as the browser would.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { setting } from "./support.mjs";

const PATIENCE_MS = 20_000;

export class PushService {
  #program;
  url;

  async start() {
    this.#program = spawn(setting("PUSH_SERVICE_BINARY"), [], { stdio: ["ignore", "pipe", "inherit"] });
    for await (const line of createInterface({ input: this.#program.stdout })) {
      const address = /^The push service is at (\S+)/.exec(line)?.[1];
      if (!address) continue;
      this.url = new URL(address);
      this.#program.stdout.resume();
      return;
    }
    throw new Error("the push service ended before it was ready");
  }

  async stop() {
    if (!this.#program || this.#program.exitCode !== null) return;
    const exit = once(this.#program, "exit");
    this.#program.kill();
    await exit;
  }

  async #control(method, route, body) {
    const response = await fetch(new URL(`/control/${route}`, this.url), {
      method,
      headers: { "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    assert.ok(response.ok, `${method} /control/${route}: ${response.status}`);
    return response.status === 204 ? undefined : response.json();
  }

  subscribe(key) {
    return this.#control("POST", "subscriptions", { key });
  }

  /** What the next message to an endpoint is answered with. */
  answerNext(endpoint, status) {
    return this.#control("POST", "answers", { endpoint, status });
  }

  /** Every message so far. Requests that were not in order are none, and end the test. */
  async messages() {
    const { messages, faults } = await this.#control("GET", "messages");
    assert.deepEqual(faults, []);
    return messages;
  }

  /** The first message, of those after `from`, for which `wanted` holds. */
  async waitFor(what, wanted, from = 0) {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const found = (await this.messages()).slice(from).find(wanted);
      if (found) return found;
      assert.ok(Date.now() < deadline, `no ${what} within ${PATIENCE_MS / 1000} s: ${JSON.stringify(await this.messages())}`);
      await pause(50);
    }
  }

  /** Lets a page subscribe here instead of at a push service of the internet. */
  async prepare(page) {
    await page.exposeFunction("subscribeAtTestService", (key) => this.subscribe(key));
    await page.addInitScript(() => {
      const KEPT = "test.subscription";
      const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
      const text = (buffer) =>
        btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
      const subscription = ({ json, key }) => ({
        endpoint: json.endpoint,
        options: { userVisibleOnly: true, applicationServerKey: bytes(key).buffer },
        toJSON: () => json,
        unsubscribe: async () => {
          localStorage.removeItem(KEPT);
          return true;
        },
      });
      PushManager.prototype.getSubscription = async () => {
        const kept = localStorage.getItem(KEPT);
        return kept ? subscription(JSON.parse(kept)) : null;
      };
      PushManager.prototype.subscribe = async ({ applicationServerKey }) => {
        const key = text(applicationServerKey);
        const made = { json: await window.subscribeAtTestService(key), key };
        localStorage.setItem(KEPT, JSON.stringify(made));
        return subscription(made);
      };
    });
  }
}

/** A page's service worker, and the hand that gives it messages. */
export class Worker {
  #devTools;
  #page;
  #registration;

  static async of(page) {
    const worker = new Worker();
    worker.#page = page;
    worker.#devTools = await page.context().newCDPSession(page);
    const registered = new Promise((resolve) => {
      worker.#devTools.on("ServiceWorker.workerRegistrationUpdated", ({ registrations }) => {
        const found = registrations.find(({ isDeleted }) => !isDeleted);
        if (found) resolve(found.registrationId);
      });
    });
    await worker.#devTools.send("ServiceWorker.enable");
    worker.#registration = await registered;
    await page.evaluate(() => {
      globalThis.heard = [];
      navigator.serviceWorker.addEventListener("message", (event) => globalThis.heard.push(event.data));
    });
    return worker;
  }

  /** Hands it a message, and waits until it says that it did what it had to. */
  async deliver({ payload }, signal = "push-shown") {
    const before = await this.#count(signal);
    const origin = new URL(this.#page.url()).origin;
    await this.#devTools.send("ServiceWorker.deliverPushMessage", {
      origin,
      registrationId: this.#registration,
      data: JSON.stringify(payload),
    });
    await this.#signal(signal, before);
  }

  /** Clicks a notification, or a button of it. */
  async click(tag, action, signal) {
    const before = await this.#count(signal);
    const worker = this.#page.context().serviceWorkers()[0] ?? (await this.#page.context().waitForEvent("serviceworker"));
    await worker.evaluate(
      async ({ tag, action }) => {
        const [notification] = await self.registration.getNotifications({ tag });
        self.dispatchEvent(new NotificationEvent("notificationclick", { notification, action }));
      },
      { tag, action },
    );
    await this.#signal(signal, before);
  }

  /** What is shown now. */
  notifications() {
    return this.#page.evaluate(async () => {
      const { getNotifications } = await navigator.serviceWorker.ready.then((registration) => ({
        getNotifications: () => registration.getNotifications(),
      }));
      return (await getNotifications()).map(({ title, body, tag, actions }) => ({
        title,
        body,
        tag,
        actions: (actions ?? []).map(({ action }) => action),
      }));
    });
  }

  #count(signal) {
    return this.#page.evaluate((signal) => globalThis.heard.filter(({ type }) => type === signal).length, signal);
  }

  async #signal(signal, before) {
    await this.#page.waitForFunction(
      ({ signal, before }) => globalThis.heard.filter(({ type }) => type === signal).length > before,
      { signal, before },
    );
  }
}
