// A browser with the dashboard open, and the market behind it under control.
//
// QUICKSTOCKS_URL         the running system
// QUICKSTOCKS_MARKET_URL  its simulated market, whose faults and prices the tests set
// QUICKSTOCKS_BINARY      quickstocks-local, for the tests that stop and start one of their own
// PUSH_SERVICE_BINARY     fake-push-service, which reads what is pushed with the browser's keys
// CHROMIUM_PATH           the browser
// QUICKSTOCKS_SHOTS       a folder for screenshots (optional)

import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { afterEach } from "node:test";
import { chromium } from "playwright-core";

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export function setting(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run the browser tests with \`cargo xtask test --only e2e\``);
  return value;
}

export const systemUrl = setting("QUICKSTOCKS_URL");

export function launch() {
  return chromium.launch({
    executablePath: setting("CHROMIUM_PATH"),
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--no-first-run",
    ],
  });
}

/** What pages did against their content security policy. No test may leave one behind. */
const violations = [];
afterEach(() => assert.deepEqual(takeViolations(), [], "violations of the content security policy"));

/** Takes out what was gathered until now, for the test that makes one. */
export function takeViolations() {
  return violations.splice(0);
}

/**
 * A new person: a context without cookies, and a page whose errors are gathered; violations of the content security policy fail the test.
 * Without the service worker, whose requests and kept files a test cannot stand between, unless `serviceWorkers` is "allow".
 */
export async function visit(browser, { url = systemUrl, prepare, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, locale: "en-GB", serviceWorkers: "block", ...options });
  // In every page of the context, also those that a test opens by itself.
  context.on("console", (message) => {
    if (/content security policy/i.test(message.text())) violations.push(message.text());
  });
  await context.addInitScript(() => {
    addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI, sourceFile }) => {
      console.error(`Content Security Policy: ${effectiveDirective} of ${blockedURI || sourceFile}`);
    });
  });
  const page = await context.newPage();
  const errors = [];
  page.on("pageerror", (error) => errors.push(error.message));
  await prepare?.(page);
  await page.goto(url);
  return { context, page, errors };
}

export const field = (page) => page.getByRole("combobox", { name: "Search a company or symbol" });
export const card = (page, symbol) => page.locator(`article[data-symbol="${symbol}"]`);
export const price = (page, symbol) => card(page, symbol).locator("[data-price]");
export const option = (page, symbol) => page.getByRole("option").filter({ has: page.locator(`strong:text-is("${symbol}")`) });

/** Searches a symbol, picks it and waits for its price. */
export async function follow(page, symbol) {
  await field(page).fill(symbol);
  await option(page, symbol).click();
  await price(page, symbol).waitFor();
}

/** The price as it is read on screen. */
export const shownPrice = (page, symbol) => price(page, symbol).locator(".value");

/** Waits until `symbol` shows exactly this price. */
export async function shows(page, symbol, text) {
  await shownPrice(page, symbol).getByText(text, { exact: true }).waitFor();
}

export async function symbolsOnBoard(page) {
  return page.locator("article[data-symbol]").evaluateAll((cards) => cards.map((card) => card.dataset.symbol));
}

/** Nothing to mend for people who use assistive technology: WCAG 2.2 A and AA, contrast included. */
export async function assertAccessible(page, what) {
  await page.evaluate(axeSource);
  const violations = await page.evaluate(async () => {
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
    const result = await globalThis.axe.run(document, { runOnly: { type: "tag", values: tags } });
    return result.violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`);
  });
  assert.deepEqual(violations, [], what);
}

export async function shot(page, name) {
  const folder = process.env.QUICKSTOCKS_SHOTS;
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: path.join(folder, `${name}.png`) });
}

/** The controls of a simulated market: its prices and its faults. */
export function marketAt(url) {
  const control = async (method, route, body) => {
    const response = await fetch(new URL(`/_market/${route}`, url), {
      method,
      headers: { "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    assert.ok(response.ok, `${method} /_market/${route}: ${response.status} ${await response.clone().text()}`);
  };
  const pinned = new Set();
  const setPrice = (symbol, price) => control("POST", "price", { symbol, price });
  return {
    setPrice: (symbol, price) => {
      pinned.add(symbol);
      return setPrice(symbol, price);
    },
    fail: (...faults) => control("POST", "faults", faults),
    /** Ends the faults. */
    mend: () => control("DELETE", "faults"),
    /** Ends the faults, and lets prices go that were set. */
    async reset() {
      await control("DELETE", "faults");
      for (const symbol of pinned) await setPrice(symbol, null);
      pinned.clear();
    },
  };
}

/** The market of the system that all tests share. */
export const market = marketAt(setting("QUICKSTOCKS_MARKET_URL"));
