// The deployed system as a browser sees it: one origin for the page, /api and /ws. Run by `cargo xtask cloud-test`.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { follow, launch, market, shows, symbolsOnBoard, visit } from "../support.mjs";

// The schedule polls each minute.
const TICK = 150_000;

let browser;

before(async () => {
  browser = await launch();
});

after(() => browser?.close());

test("the page follows a symbol, hears of its price, and knows its visitor again", async () => {
  const { context, page, errors } = await visit(browser);
  page.setDefaultTimeout(TICK);
  await follow(page, "NVDA");

  // Nothing is asked for by the page in between: the price comes through the socket.
  await market.setPrice("NVDA", 222.33);
  await shows(page, "NVDA", "222.33");

  const cookies = await context.cookies();
  const session = cookies.find((cookie) => cookie.name === "__Host-qs");
  assert.ok(session, `the session's cookie is not there: ${cookies.map((cookie) => cookie.name)}`);
  assert.ok(session.httpOnly && session.secure && session.sameSite === "Strict", JSON.stringify(session));

  await page.reload();
  await shows(page, "NVDA", "222.33");
  assert.deepEqual(await symbolsOnBoard(page), ["NVDA"]);
  assert.deepEqual(errors, []);
  await context.close();
});
