// Notifications on this device: asking for them, telling the server, and looking after the subscription whenever the page is opened.

import { bytesOf, deviceId, deviceName, isBoundTo, subscriptionBody } from "../model/device";
import { type Device, decodeDevice, decodeDevices, decodePushKey } from "../model/devices";
import type { EnableFailure, Obstacle } from "../model/pushTrouble";
import type { Timers } from "./ports";
import { RequestError } from "./rest";

/** A browser that cannot reach its push service never answers. */
const SUBSCRIBE_TIMEOUT_MS = 15_000;

export class EnableError extends Error {
  readonly why: EnableFailure;

  constructor(why: EnableFailure, cause?: unknown) {
    super(why, { cause });
    this.name = "EnableError";
    this.why = why;
  }
}

type Registration = Pick<ServiceWorkerRegistration, "pushManager">;

/** What is needed of the browser. */
export interface PushBrowser {
  readonly secure: boolean;
  readonly userAgent: string;
  /** Whether it is an app on the Home Screen. */
  readonly standalone: boolean;
  readonly hasPush: boolean;
  readonly touchPoints: number;
  permission(): NotificationPermission;
  askPermission(): Promise<NotificationPermission>;
  /** The page's service worker, if it has one. */
  registered(): Promise<Registration | undefined>;
  /** The same once it is active, which it may never be. */
  ready(): Promise<Registration>;
}

/** The part of the REST client that is needed. */
export interface PushRest {
  request(method: string, path: string, body?: object): Promise<unknown>;
}

export function obstacleOf(browser: PushBrowser): Obstacle | undefined {
  if (!browser.secure) return "insecure";
  // iPadOS says that it is a Mac; no Mac has a touch screen.
  const ios = /\b(iPhone|iPad|iPod)\b/.test(browser.userAgent) || (/\bMacintosh\b/.test(browser.userAgent) && browser.touchPoints > 1);
  if (ios && !browser.standalone) return "ios_home_screen";
  if (!browser.hasPush) return "unsupported";
  return browser.permission() === "denied" ? "denied" : undefined;
}

export class PushDevices {
  readonly #browser: PushBrowser;
  readonly #rest: PushRest;
  readonly #timers: Timers;

  constructor(browser: PushBrowser, rest: PushRest, timers: Timers) {
    this.#browser = browser;
    this.#rest = rest;
    this.#timers = timers;
  }

  obstacle(): Obstacle | undefined {
    return obstacleOf(this.#browser);
  }

  /** Everything that is notified, the oldest first. */
  async list(): Promise<Device[]> {
    return decodeDevices(await this.#rest.request("GET", "/push/subscriptions"));
  }

  /** The id of this device, if it has a subscription. */
  async current(): Promise<string | undefined> {
    if (this.obstacle() !== undefined) return undefined;
    const subscription = await this.#subscription();
    return subscription ? deviceId(subscription.endpoint) : undefined;
  }

  /** Switches notifications on here. To be called from a click: browsers ask only then. */
  async enable(): Promise<Device> {
    if ((await this.#browser.askPermission()) !== "granted") throw new EnableError("refused");
    return this.#subscribe();
  }

  /**
   * Looks after the subscription: a pending one gets another first message, and one that is bound to a key the server no longer has is made
   * anew. Does nothing where there is none.
   */
  async refresh(): Promise<Device | undefined> {
    if (this.obstacle() !== undefined || this.#browser.permission() !== "granted") return undefined;
    const subscription = await this.#subscription();
    return subscription ? this.#subscribe() : undefined;
  }

  /** Has a message pushed that shows that messages arrive. */
  async test(id: string): Promise<void> {
    await this.#rest.request("POST", `/push/subscriptions/${encodeURIComponent(id)}/test`);
  }

  /** Stops pushing to a device; when it is this one, the browser forgets the subscription too. */
  async remove(id: string): Promise<void> {
    try {
      await this.#rest.request("DELETE", `/push/subscriptions/${encodeURIComponent(id)}`);
    } catch (error) {
      // It had gone already, which is what was wanted.
      if (!(error instanceof RequestError) || error.status !== 404) throw error;
    }
    if (this.obstacle() !== undefined) return;
    const subscription = await this.#subscription();
    if (subscription && (await deviceId(subscription.endpoint)) === id) await subscription.unsubscribe();
  }

  async #subscribe(): Promise<Device> {
    const key = bytesOf(decodePushKey(await this.#rest.request("GET", "/push/key")));
    const { pushManager: manager } = await this.#inTime("worker", this.#browser.ready());
    let former = await manager.getSubscription();
    const replaces = former ? await deviceId(former.endpoint) : undefined;
    if (former && !isBoundTo(former.options.applicationServerKey, key)) {
      await former.unsubscribe();
      former = null;
    }
    const subscription = former ?? (await this.#inTime("timeout", manager.subscribe({ userVisibleOnly: true, applicationServerKey: key })));
    const renewed = replaces !== undefined && replaces !== (await deviceId(subscription.endpoint));
    const body = subscriptionBody(subscription.toJSON(), deviceName(this.#browser.userAgent), renewed ? replaces : undefined);
    return decodeDevice(await this.#rest.request("POST", "/push/subscriptions", body));
  }

  async #subscription(): Promise<PushSubscription | null> {
    return (await (await this.#browser.registered())?.pushManager.getSubscription()) ?? null;
  }

  /** What the browser answers, or an error that says why there is none. */
  async #inTime<T>(late: EnableFailure, subscribing: Promise<T>): Promise<T> {
    let timer = 0;
    const tooLate = new Promise<never>((_, reject) => {
      timer = this.#timers.set(() => reject(new EnableError(late)), SUBSCRIBE_TIMEOUT_MS);
    });
    try {
      return await Promise.race([subscribing, tooLate]);
    } catch (error) {
      if (error instanceof EnableError) throw error;
      throw new EnableError(error instanceof DOMException && error.name === "NotAllowedError" ? "refused" : "browser", error);
    } finally {
      this.#timers.clear(timer);
    }
  }
}

/** The browser itself. */
export function pushBrowser(): PushBrowser {
  const standalone = window.matchMedia("(display-mode: standalone), (display-mode: fullscreen)").matches;
  return {
    secure: window.isSecureContext,
    userAgent: navigator.userAgent,
    standalone,
    hasPush: "serviceWorker" in navigator && "PushManager" in window && "Notification" in window,
    touchPoints: navigator.maxTouchPoints,
    permission: () => Notification.permission,
    askPermission: () => Notification.requestPermission(),
    registered: () => navigator.serviceWorker.getRegistration(),
    ready: () => navigator.serviceWorker.ready,
  };
}
