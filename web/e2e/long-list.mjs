// Two hundred symbols on one list, in a system of their own.

import { after, before } from "node:test";
import { launch, visit } from "./support.mjs";
import { System } from "./system.mjs";

export const SYMBOLS = Array.from({ length: 200 }, (_, at) => `SIM${String(at + 1).padStart(5, "0")}`);

/** Starts it for the tests of a file. Answers what opens a page with the long list in a layout. */
export function longList() {
  let browser;
  let system;
  before(async () => {
    browser = await launch();
    system = new System({ more: ["--synthetic-listings", String(SYMBOLS.length)] });
    await system.start();
  });
  after(async () => {
    await system.remove();
    await browser.close();
  });
  return (layout) => visitLongList(browser, system, layout);
}

/** Rows out of sight catch up when the test calls `catchUp` in the page. */
async function visitLongList(browser, system, layout) {
  const visitor = await visit(browser, {
    url: system.url.href,
    prepare: (page) =>
      page.addInitScript(
        ({ layout, catchUpMs }) => {
          localStorage.setItem("quickstocks.view", JSON.stringify({ layout, columns: ["price", "change", "change_percent", "age"] }));
          const setTimeout = globalThis.setTimeout.bind(globalThis);
          const waiting = [];
          globalThis.setTimeout = (callback, milliseconds, ...more) =>
            milliseconds === catchUpMs ? waiting.push(callback) : setTimeout(callback, milliseconds, ...more);
          globalThis.catchUp = () => waiting.splice(0).forEach((callback) => callback());
          const Socket = globalThis.WebSocket;
          globalThis.WebSocket = class extends Socket {
            constructor(...address) {
              super(...address);
              globalThis.socket = this;
            }
          };
        },
        { layout, catchUpMs: 12_000 },
      ),
  });
  const { page } = visitor;
  await page.getByText("Live", { exact: true }).waitFor();
  await page.evaluate(async (symbols) => {
    const answer = await fetch("/api/v1/import?mode=merge", { method: "POST", headers: { "content-type": "text/plain" }, body: symbols.join("\n") });
    if (!answer.ok) throw new Error(await answer.text());
  }, SYMBOLS);
  await page.reload();
  await page.getByRole("tab", { name: "Imported" }).click();
  await page.locator(`[data-symbol=${SYMBOLS.at(-1)}] [data-price]`).waitFor({ state: "attached" });
  return visitor;
}
