import { describe, expect, test } from "vitest";
import { EnableError, obstacleOf, type PushBrowser, PushDevices } from "../src/api/push";
import type { Timers } from "../src/api/ports";
import { RequestError } from "../src/api/rest";
import { bytesOf, deviceId, deviceName } from "../src/model/device";
import { decodeDevices, serviceName } from "../src/model/devices";

const KEY = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
const IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1";
const IPAD = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Safari/605.1.15";

function subscription(endpoint: string, key: string | null, browser: Browser): PushSubscription {
  return {
    endpoint,
    options: { applicationServerKey: key === null ? null : bytesOf(key).buffer, userVisibleOnly: true },
    toJSON: () => ({ endpoint, expirationTime: null, keys: { p256dh: "p", auth: "a" } }),
    unsubscribe: async () => {
      browser.subscription = null;
      return true;
    },
  } as unknown as PushSubscription;
}

class Browser implements PushBrowser {
  secure = true;
  userAgent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36";
  standalone = false;
  hasPush = true;
  touchPoints = 0;
  granted: NotificationPermission = "default";
  answer: NotificationPermission = "granted";
  subscription: PushSubscription | null = null;
  /** What asking the push service comes to; it never answers when absent. */
  subscribing: (() => Promise<PushSubscription>) | undefined = async () => {
    this.made += 1;
    this.subscription = subscription(`https://fcm.googleapis.com/fcm/send/${this.made}`, KEY, this);
    return this.subscription;
  };
  made = 0;

  permission = () => this.granted;
  askPermission = async () => {
    this.granted = this.answer;
    return this.answer;
  };
  working = true;
  registered = async () => (this.working ? this.#registration : undefined);
  ready = () => (this.working ? Promise.resolve(this.#registration) : new Promise<never>(() => undefined));
  readonly #registration = {
    pushManager: {
      getSubscription: async () => this.subscription,
      subscribe: () => this.subscribing?.() ?? new Promise<PushSubscription>(() => undefined),
    } as unknown as PushManager,
  };
}

class Rest {
  readonly calls: [string, string, object?][] = [];
  failure: RequestError | undefined;

  async request(method: string, path: string, body?: object): Promise<unknown> {
    this.calls.push(body ? [method, path, body] : [method, path]);
    if (this.failure) throw this.failure;
    if (path === "/push/key") return { key: KEY };
    const { endpoint } = (body ?? {}) as { endpoint?: string };
    if (endpoint) return { id: await deviceId(endpoint), name: "x", service: "s", site: "s", state: "pending", created_at: 1 };
    return undefined;
  }
}

const never: Timers = { set: () => 1, clear: () => undefined };
/** The time is over when everything else that is ready has been done. */
const late: Timers = {
  set: (callback) => {
    setImmediate(callback);
    return 1;
  },
  clear: () => undefined,
};

describe("what stands in the way", () => {
  test("is told honestly, the first thing first", () => {
    const table: [Partial<Browser>, ReturnType<typeof obstacleOf>][] = [
      [{}, undefined],
      [{ secure: false }, "insecure"],
      [{ secure: false, userAgent: IPHONE }, "insecure"],
      [{ userAgent: IPHONE, hasPush: false, touchPoints: 5 }, "ios_home_screen"],
      [{ userAgent: IPAD, hasPush: false, touchPoints: 5 }, "ios_home_screen"],
      [{ userAgent: IPHONE, standalone: true, touchPoints: 5 }, undefined],
      [{ userAgent: IPHONE, standalone: true, hasPush: false, touchPoints: 5 }, "unsupported"],
      [{ userAgent: IPAD, touchPoints: 0 }, undefined],
      [{ hasPush: false }, "unsupported"],
      [{ granted: "denied" }, "denied"],
    ];
    for (const [change, expected] of table) expect(obstacleOf(Object.assign(new Browser(), change)), JSON.stringify(change)).toBe(expected);
  });
});

describe("switching on", () => {
  test("asks, subscribes with the server's key and tells the server", async () => {
    const [browser, rest] = [new Browser(), new Rest()];
    const device = await new PushDevices(browser, rest, never).enable();
    expect(device.state).toBe("pending");
    const body = { endpoint: "https://fcm.googleapis.com/fcm/send/1", keys: { p256dh: "p", auth: "a" }, name: "Chrome · Linux" };
    expect(rest.calls).toEqual([["GET", "/push/key"], ["POST", "/push/subscriptions", body]]);
  });

  test("says why it did not work", async () => {
    const why = async (change: Partial<Browser>, timers = never) => {
      const enabling = new PushDevices(Object.assign(new Browser(), change), new Rest(), timers).enable();
      return enabling.then(
        () => "on",
        (error: unknown) => (error instanceof EnableError ? error.why : String(error)),
      );
    };
    expect(await why({ answer: "denied" })).toBe("refused");
    expect(await why({ answer: "default" })).toBe("refused");
    expect(await why({ subscribing: undefined }, late)).toBe("timeout");
    expect(await why({ working: false }, late)).toBe("worker");
    expect(await why({ subscribing: () => Promise.reject(new DOMException("no", "AbortError")) })).toBe("browser");
    expect(await why({ subscribing: () => Promise.reject(new DOMException("no", "NotAllowedError")) })).toBe("refused");
  });

  test("keeps a good subscription and makes one anew that is bound to another key", async () => {
    const [browser, rest] = [new Browser(), new Rest()];
    const devices = new PushDevices(browser, rest, never);
    await devices.enable();
    await devices.enable();
    expect(browser.made).toBe(1);
    browser.subscription = subscription("https://fcm.googleapis.com/fcm/send/old", KEY.replace("BCV", "BCW"), browser);
    await devices.refresh();
    expect(browser.made).toBe(2);
    const replaces = await deviceId("https://fcm.googleapis.com/fcm/send/old");
    expect(rest.calls.at(-1)?.[2]).toMatchObject({ endpoint: "https://fcm.googleapis.com/fcm/send/2", replaces });
  });
});

describe("later", () => {
  test("a page looks after a subscription and asks nobody where there is none", async () => {
    const [browser, rest] = [new Browser(), new Rest()];
    const devices = new PushDevices(browser, rest, never);
    expect(await devices.refresh()).toBeUndefined();
    browser.granted = "granted";
    expect(await devices.refresh()).toBeUndefined();
    expect(rest.calls).toEqual([]);
    await browser.subscribing?.();
    expect((await devices.refresh())?.state).toBe("pending");
    expect(await devices.current()).toBe(await deviceId("https://fcm.googleapis.com/fcm/send/1"));
  });

  test("removing this device lets the browser forget it, another is only told", async () => {
    const [browser, rest] = [new Browser(), new Rest()];
    const devices = new PushDevices(browser, rest, never);
    const here = await devices.enable();
    await devices.remove("another");
    expect(browser.subscription).not.toBeNull();
    rest.failure = new RequestError(404, "device_not_found", "there is no such device");
    await devices.remove(here.id);
    expect(browser.subscription).toBeNull();
    rest.failure = new RequestError(503, "unavailable", "later");
    await expect(devices.remove(here.id)).rejects.toThrow("later");
  });
});

describe("devices", () => {
  test("have names that their owners know them by", () => {
    for (const [agent, name] of [
      [IPHONE, "Safari · iPhone"],
      ["Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/150.0 Safari/537.36 Edg/150.0", "Edge · Windows"],
      ["Mozilla/5.0 (Linux; Android 16; Pixel 9) AppleWebKit/537.36 Chrome/150.0 Mobile Safari/537.36", "Chrome · Android"],
      ["Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0", "Firefox · Linux"],
      ["something else", "Browser"],
    ]) expect(deviceName(agent as string)).toBe(name);
  });

  test("are read as they are told, and what cannot be read is left out", () => {
    const good = { id: "1", name: "phone", service: "https://web.push.apple.com", site: "s", state: "active", created_at: 5 };
    const devices = decodeDevices({ devices: [good, null, 7, { ...good, id: 7 }, { ...good, state: "new", service: 1 }] });
    expect(devices).toEqual([
      { id: "1", name: "phone", service: "https://web.push.apple.com", state: "active", createdAt: 5 },
      { id: "1", name: "phone", service: "", state: "pending", createdAt: 5 },
    ]);
    for (const answer of [undefined, null, [], {}, { devices: {} }]) expect(decodeDevices(answer)).toEqual([]);
  });

  test("get their messages from somebody", () => {
    for (const [origin, name] of [
      ["https://fcm.googleapis.com", "Google"],
      ["https://web.push.apple.com", "Apple"],
      ["https://wns2-par02p.notify.windows.com", "Microsoft"],
      ["https://updates.push.services.mozilla.com", "Mozilla"],
      ["http://127.0.0.1:8090", "127.0.0.1:8090"],
      ["evilpush.apple.com", "evilpush.apple.com"],
    ]) expect(serviceName(origin as string)).toBe(name);
  });

  test("have the id that the server makes of their endpoint", async () => {
    expect(await deviceId("")).toBe("e3b0c44298fc1c149afbf4c8996fb924");
  });
});
