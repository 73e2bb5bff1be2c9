import { beforeEach, describe, expect, it } from "vitest";
import { leadsNowhere, SharedLive } from "../src/api/shared";
import { RequestError } from "../src/api/rest";
import { decodeShare, decodeSharedList, sharedAddress, type SharedList, sharedTokenOf } from "../src/model/share";
import { FakePorts, settled } from "./support/ports";
import { OK, quote } from "./support/quotes";

const TOKEN = "0123456789abcdef".repeat(4);
const PATH = `/api/v1/shared/${TOKEN}/list.json`;
const BODY = { name: "Chips", symbols: ["AMD", "NVDA"], tick: 3, polled_at: 3000, source: { kind: "simulated", ...OK }, quotes: [quote("AMD")], missing: [{ symbol: "NVDA", reason: "pending" }] };

describe("the address of a link", () => {
  it("has the token, and gives it back", () => {
    expect(sharedTokenOf(sharedAddress(TOKEN))).toBe(TOKEN);
  });

  it.each(["", "#/", "#/shared/", `#/shared/${TOKEN}0`, `#/shared/${TOKEN.slice(1)}`, `#/shared/${TOKEN.toUpperCase()}`, `#/shared/${TOKEN}/..`, "#/shared/../../account"])(
    "%s is none",
    (hash) => {
      expect(sharedTokenOf(hash)).toBeUndefined();
    },
  );
});

describe("what is told of a link", () => {
  it("is read", () => {
    expect(decodeShare({ token: TOKEN, created_at: 5, json_path: "/j", text_path: "/t", later: true })).toEqual({ token: TOKEN, created_at: 5, json_path: "/j", text_path: "/t" });
    expect(decodeShare({ token: TOKEN })).toBeUndefined();
  });

  it("is a list with its prices, each symbol once, whatever else is in it", () => {
    const list = decodeSharedList({ ...BODY, symbols: ["AMD", 7, "NVDA", "AMD"], notes: {} });
    expect(list).toMatchObject({ name: "Chips", symbols: ["AMD", "NVDA"], kind: "simulated", prices: { tick: 3, source: OK, missing: [{ symbol: "NVDA" }] } });
    expect(list).not.toHaveProperty("notes");
    expect(decodeSharedList("nonsense")).toBeUndefined();
  });
});

describe("reading a shared list", () => {
  let ports: FakePorts;
  let lists: { list: SharedList; serverNow: number | undefined }[];
  let failures: unknown[];
  let live: SharedLive;

  beforeEach(() => {
    ports = new FakePorts();
    ports.answer = () => ({ json: BODY });
    lists = [];
    failures = [];
    live = new SharedLive(ports, TOKEN, {
      onList: (list, serverNow) => lists.push({ list, serverNow }),
      onFailure: (error) => failures.push(error),
    });
  });

  const asked = (): number => ports.requests.length;

  it("asks for nothing but the list: no session, no ticket, no socket", async () => {
    live.ask();
    await settled();
    await ports.pass(60_000);
    expect(new Set(ports.requests.map(({ method, path }) => `${method} ${path}`))).toEqual(new Set([`GET ${PATH}`]));
    expect(ports.sockets).toEqual([]);
  });

  it("goes on as often as the prices come, within bounds", async () => {
    live.ask();
    await settled();
    await ports.pass(14_999);
    expect(asked()).toBe(1);
    await ports.pass(1);
    expect(asked()).toBe(2);
    ports.answer = () => ({ json: { ...BODY, source: { kind: "simulated", state: "ok", interval: 1 } } });
    await ports.pass(15_000);
    expect(asked()).toBe(3);
    await ports.pass(2000);
    expect(asked()).toBe(4);
  });

  it("tries again after a failure, later each time, and tells each", async () => {
    ports.answer = () => ({ status: 503, json: { code: "unavailable", detail: "later" } });
    live.ask();
    await settled();
    await ports.pass(2250);
    await ports.pass(2500);
    expect(failures).toHaveLength(3);
    ports.answer = () => ({ json: BODY });
    await ports.pass(60_000);
    expect(lists.length).toBeGreaterThan(0);
  });

  it.each([
    [404, "share_not_found"],
    [403, "sharing_off"],
  ])("ends where the link leads nowhere (%i)", async (status, code) => {
    ports.answer = () => ({ status, json: { code, detail: "no" } });
    live.ask();
    await settled();
    await ports.pass(600_000);
    expect(asked()).toBe(1);
    expect(failures.map(leadsNowhere)).toEqual([true]);
  });

  it("a refusal that will pass is no end", () => {
    expect(leadsNowhere(new RequestError(429, "too_many_requests", ""))).toBe(false);
    expect(leadsNowhere(new RequestError(0, "unreachable", ""))).toBe(false);
    expect(leadsNowhere(new TypeError("x"))).toBe(false);
  });

  it("asks for nothing while nobody looks, and at once when somebody does", async () => {
    live.ask();
    await settled();
    live.setHidden(true);
    await ports.pass(600_000);
    const whileHidden = asked();
    expect(whileHidden).toBeLessThanOrEqual(2);
    live.setHidden(false);
    await settled();
    expect(asked()).toBe(whileHidden + 1);
    await ports.pass(15_000);
    expect(asked()).toBe(whileHidden + 2);
  });

  it("two questions at once are one", async () => {
    live.ask();
    live.ask();
    await settled();
    expect(asked()).toBe(1);
    expect(ports.pendingTimers).toBe(1);
  });
});
