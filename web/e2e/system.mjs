// A quickstocks-local of a test's own, for what would disturb the one that all tests share.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { marketAt, setting } from "./support.mjs";

export const dist = fileURLToPath(new URL("../dist", import.meta.url));

export class System {
  #data = mkdtempSync(path.join(tmpdir(), "quickstocks-"));
  #server;
  #web;
  #more;
  url;
  market;

  /** `web` is the folder of the web UI, the built one when absent; `more` is what its command line has besides. */
  constructor({ web = dist, more = [] } = {}) {
    this.#web = web;
    this.#more = more;
  }

  /** Starts it, the second time where it was before. */
  async start() {
    const listen = this.url?.host ?? "127.0.0.1:0";
    const args = ["--source", "demo", "--tick-seconds", "1", "--listen", listen, "--data-dir", this.#data, "--web-dir", this.#web, ...this.#more];
    this.#server = spawn(setting("QUICKSTOCKS_BINARY"), args, { stdio: ["ignore", "pipe", "inherit"] });
    for await (const line of createInterface({ input: this.#server.stdout })) {
      const address = /^QuickStocks is at (\S+)/.exec(line)?.[1];
      const market = /^The market server is at (\S+)/.exec(line)?.[1];
      if (address) this.url = new URL(address);
      if (market) {
        this.market = marketAt(market);
        this.#server.stdout.resume();
        return;
      }
    }
    throw new Error("quickstocks-local ended before it was ready");
  }

  /** Ends it with no warning. */
  async kill() {
    const server = this.#server;
    if (!server || server.exitCode !== null || server.signalCode !== null) return;
    const exit = once(server, "exit");
    server.kill("SIGKILL");
    await exit;
  }

  async remove() {
    await this.kill();
    rmSync(this.#data, { recursive: true, force: true });
  }
}
