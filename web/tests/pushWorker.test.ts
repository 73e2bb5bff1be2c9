import { describe, expect, test } from "vitest";
import { type Caches, keepLanguage } from "../src/api/language";
import { workerTexts } from "../src/messages/worker";
import { deviceId } from "../src/model/device";
import { onClick, onPush, onSubscriptionChange, readNotice, type WindowOfSite, type WorkerMessage, type WorkerScope } from "../src/sw/push";

const ORIGIN = "https://stocks.example";
const TOKEN = "5d".repeat(32);

interface Shown {
  title: string;
  options: NotificationOptions & { actions?: unknown[]; data?: { navigate: string; tokens: unknown[] } };
}

/** The browser's caches, or those of a browser that keeps nothing. */
class FakeCaches implements Caches {
  readonly kept = new Map<string, string>();
  refuses = false;

  async open(): Promise<Pick<Cache, "match" | "put">> {
    if (this.refuses) throw new DOMException("no", "SecurityError");
    return {
      match: async (name) => (this.kept.has(String(name)) ? new Response(this.kept.get(String(name))) : undefined),
      put: async (name, response) => void this.kept.set(String(name), await response.text()),
    };
  }
}

/** A worker's scope that remembers what was done with it. */
class Scope implements WorkerScope {
  readonly location = { origin: ORIGIN };
  readonly navigator = { userAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0", languages: ["fr-FR", "en-GB"] };
  readonly caches = new FakeCaches();
  readonly shown: Shown[] = [];
  readonly closed: string[] = [];
  readonly opened: string[] = [];
  readonly told: WorkerMessage[] = [];
  readonly requests: { path: string; body: unknown }[] = [];
  readonly windows: WindowOfSite[] = [];
  status: number | "unreachable" = 200;
  renewed: PushSubscription | undefined;

  readonly registration = {
    showNotification: async (title: string, options: NotificationOptions) => {
      this.shown.push({ title, options: options as Shown["options"] });
    },
    getNotifications: async ({ tag }: { tag: string }) =>
      this.shown.filter((one) => one.options.tag === tag).map((one) => ({ close: () => this.closed.push(one.title) })),
    pushManager: {
      subscribe: async () => {
        if (!this.renewed) throw new Error("no push service");
        return this.renewed;
      },
    },
  };

  readonly clients = {
    matchAll: async () => this.windows,
    openWindow: async (url: string) => {
      this.opened.push(url);
    },
  };

  fetch = async (path: string, init: RequestInit): Promise<Response> => {
    this.requests.push({ path, body: JSON.parse(String(init.body)) });
    if (this.status === "unreachable") throw new TypeError("no network");
    return new Response(null, { status: this.status });
  };

  open(url: string, navigable = true): { focused: boolean; at: string[] } {
    const page = { focused: false, at: [] as string[] };
    this.windows.push({
      url,
      postMessage: (message) => this.told.push(message),
      focus: async () => {
        page.focused = true;
      },
      navigate: async (to) => {
        if (!navigable) throw new TypeError("not controlled");
        page.at.push(to);
      },
    });
    return page;
  }
}

function message(notification: object): string {
  return JSON.stringify({ web_push: 8030, notification, mutable: true });
}

const fired = {
  title: "AAPL 270.00",
  body: "Above 269.00",
  navigate: `${ORIGIN}/?symbol=AAPL`,
  tag: "alert-1",
  timestamp: 1_795_421_520_000,
  actions: [{ action: "snooze", title: "Snooze 1 h", navigate: `${ORIGIN}/?symbol=AAPL` }],
  data: { navigate: `${ORIGIN}/?symbol=AAPL`, about: "1", tokens: [{ id: "snooze", token: TOKEN }] },
};

describe("a push message", () => {
  test("is shown as it says, in the place of the former of its tag, and pages hear of it", async () => {
    const scope = new Scope();
    scope.open(`${ORIGIN}/`);
    await onPush(scope, message(fired));
    await onPush(scope, message({ ...fired, title: "AAPL 271.00" }));
    expect(scope.shown.map((one) => one.title)).toEqual(["AAPL 270.00", "AAPL 271.00"]);
    expect(scope.closed).toEqual(["AAPL 270.00"]);
    const { options } = scope.shown[0]!;
    expect(options).toMatchObject({ body: "Above 269.00", tag: "alert-1", renotify: true, timestamp: 1_795_421_520_000 });
    expect(options.actions).toEqual([{ action: "snooze", title: "Snooze 1 h" }]);
    expect(scope.told[0]).toEqual({ type: "push-shown", tag: "alert-1", about: "1" });
    expect(scope.requests).toEqual([]);
  });

  test("that cannot be read is shown all the same", async () => {
    for (const text of ["", "no json", "null", "[]", "7", message({}), message({ title: 7, actions: "x", data: [] })]) {
      const scope = new Scope();
      await onPush(scope, text);
      expect(scope.shown, text).toHaveLength(1);
      expect(scope.shown[0]?.title).toBe("QuickStocks");
      expect(scope.shown[0]?.options.body).toContain("Open QuickStocks");
      const german = new Scope();
      await keepLanguage(german.caches, "de");
      await onPush(german, text);
      expect(german.shown[0]?.options.body).toBe(workerTexts.de.unreadable);
    }
  });

  test("opens nothing of another site", () => {
    for (const elsewhere of ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "data:text/html,x", "https://[", ""]) {
      expect(readNotice(message({ ...fired, navigate: elsewhere, data: {} }), ORIGIN, "").data.navigate, elsewhere).toBe(`${ORIGIN}/`);
    }
    expect(readNotice(message({ ...fired, navigate: "/?symbol=A" }), ORIGIN, "").data.navigate).toBe(`${ORIGIN}/?symbol=A`);
  });

  test("that is a device's first sends its token back", async () => {
    for (const [status, ok] of [[200, true], [404, false], ["unreachable", false]] as const) {
      const scope = new Scope();
      scope.open(`${ORIGIN}/`);
      scope.status = status;
      await onPush(scope, message({ ...fired, actions: [], data: { activation: { id: "d/1", token: TOKEN } } }));
      expect(scope.shown).toHaveLength(1);
      expect(scope.requests).toEqual([{ path: "/api/v1/push/subscriptions/d%2F1/activate", body: { token: TOKEN } }]);
      expect(scope.told).toContainEqual({ type: "push-activated", device: "d/1", ok });
    }
  });
});

describe("a click", () => {
  const data = readNotice(message(fired), ORIGIN, "").data;

  test("on a button does what it says without opening anything", async () => {
    const scope = new Scope();
    const page = scope.open(`${ORIGIN}/`);
    await onClick(scope, "snooze", data);
    expect(scope.requests).toEqual([{ path: `/api/v1/actions/${TOKEN}`, body: { action: "snooze" } }]);
    expect([scope.shown.length, scope.opened.length, page.focused]).toEqual([0, 0, false]);
    expect(scope.told).toEqual([{ type: "push-action", action: "snooze", ok: true, about: "1" }]);
  });

  test("on a button that fails says so", async () => {
    for (const status of [410, 500, "unreachable"] as const) {
      const scope = new Scope();
      scope.status = status;
      await onClick(scope, "snooze", data);
      expect(scope.shown.map((one) => one.title)).toEqual(["That could not be done"]);
      expect(scope.shown[0]?.options.data?.navigate).toBe(data.navigate);
    }
  });

  test("that fails is told in the language of the pages, or in the browser's", async () => {
    const told = async (prepare: (scope: Scope) => Promise<void>): Promise<string | undefined> => {
      const scope = new Scope();
      scope.status = 500;
      await prepare(scope);
      await onClick(scope, "snooze", data);
      return scope.shown[0]?.title;
    };
    expect(await told((scope) => keepLanguage(scope.caches, "de"))).toBe(workerTexts.de.notDone);
    expect(await told(async (scope) => {
      await keepLanguage(scope.caches, "de");
      await keepLanguage(scope.caches, "en");
    })).toBe(workerTexts.en.notDone);
    expect(await told(async (scope) => void scope.navigator.languages.splice(0, 1, "de-AT"))).toBe(workerTexts.de.notDone);
    expect(await told(async (scope) => {
      scope.caches.refuses = true;
      await keepLanguage(scope.caches, "de");
    }), "a browser that keeps nothing").toBe(workerTexts.en.notDone);
    await keepLanguage(undefined, "de");
  });

  test("elsewhere brings a page to the front, sends it there, or opens one", async () => {
    const none = new Scope();
    await onClick(none, "", data);
    expect(none.opened).toEqual([data.navigate]);

    const other = new Scope();
    const page = other.open(`${ORIGIN}/settings`);
    await onClick(other, "", data);
    expect([page.focused, page.at, other.opened]).toEqual([true, [data.navigate], []]);

    const there = new Scope();
    const [first, right] = [there.open(`${ORIGIN}/settings`), there.open(data.navigate)];
    await onClick(there, "a button that has no token", data);
    expect([first.focused, right.focused, right.at, there.opened]).toEqual([false, true, [], []]);

    const foreign = new Scope();
    foreign.open(`${ORIGIN}/settings`, false);
    await onClick(foreign, "", data);
    expect(foreign.opened).toEqual([data.navigate]);
  });

  test("on a first message tries once more to send its token back", async () => {
    const scope = new Scope();
    await onClick(scope, "", readNotice(message({ ...fired, data: { activation: { id: "d", token: TOKEN } } }), ORIGIN, "").data);
    expect(scope.requests.map((one) => one.path)).toEqual(["/api/v1/push/subscriptions/d/activate"]);
  });
});

describe("a renewed subscription", () => {
  const subscription = (endpoint: string) =>
    ({
      endpoint,
      options: { applicationServerKey: new ArrayBuffer(65) },
      toJSON: () => ({ endpoint, keys: { p256dh: "p", auth: "a" } }),
    }) as unknown as PushSubscription;

  test("is told with the one it takes the place of", async () => {
    for (const given of [true, false]) {
      const scope = new Scope();
      scope.renewed = subscription("https://push.example/new");
      await onSubscriptionChange(scope, subscription("https://push.example/old"), given ? scope.renewed : null);
      const replaces = await deviceId("https://push.example/old");
      const body = { endpoint: "https://push.example/new", keys: { p256dh: "p", auth: "a" }, name: "Firefox · Linux", replaces };
      expect(scope.requests).toEqual([{ path: "/api/v1/push/subscriptions", body }]);
    }
  });

  test("that cannot be had is left to the page", async () => {
    const scope = new Scope();
    scope.open(`${ORIGIN}/`);
    await onSubscriptionChange(scope, null, null);
    expect(scope.requests).toEqual([]);
    expect(scope.told).toEqual([{ type: "push-subscription", ok: false }]);
  });
});
