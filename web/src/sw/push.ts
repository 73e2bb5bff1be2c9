// Notifications in the service worker: a push message becomes a notification, its buttons work without a page, and a subscription that
// the browser renews is told to the server. What the worker needs of its scope is named, so that tests can do without a browser.

import { type Caches, keptLanguage } from "../api/language";
import { workerTexts } from "../messages/worker";
import { deviceId, deviceName, subscriptionBody } from "../model/device";

const API = "/api/v1";

/** What a page is told when something about notifications happened. */
export type WorkerMessage =
  | { type: "push-shown"; tag: string; about?: string }
  | { type: "push-activated"; device: string; ok: boolean }
  | { type: "push-action"; action: string; ok: boolean; about?: string }
  | { type: "push-subscription"; ok: boolean };

export interface WorkerScope {
  readonly location: { readonly origin: string };
  readonly navigator: { readonly userAgent: string; readonly languages: readonly string[] };
  readonly caches: Caches;
  readonly registration: {
    showNotification(title: string, options: NotificationOptions): Promise<void>;
    getNotifications(filter: { tag: string }): Promise<readonly { close(): void }[]>;
    readonly pushManager: {
      subscribe(options: PushSubscriptionOptionsInit): Promise<PushSubscription>;
    };
  };
  readonly clients: {
    matchAll(options: { type: "window"; includeUncontrolled: boolean }): Promise<readonly WindowOfSite[]>;
    openWindow(url: string): Promise<unknown>;
  };
  fetch(path: string, init: RequestInit): Promise<Response>;
}

/** An open page. */
export interface WindowOfSite {
  readonly url: string;
  postMessage(message: WorkerMessage): void;
  focus(): Promise<unknown>;
  navigate(url: string): Promise<unknown>;
}

interface Token {
  id: string;
  token: string;
}

/** What a notification carries for when it is clicked. */
interface NotificationData {
  navigate: string;
  about?: string;
  activation?: Token;
  tokens: Token[];
}

interface Notice {
  title: string;
  body: string;
  tag: string;
  timestamp?: number;
  actions: { action: string; title: string }[];
  data: NotificationData;
}

/** Properties that browsers know and TypeScript's library does not. */
interface ShownOptions extends NotificationOptions {
  actions?: { action: string; title: string }[];
  renotify?: boolean;
  timestamp?: number;
}

type Raw = Record<string, unknown>;

const text = (value: unknown): string => (typeof value === "string" ? value : "");
const object = (value: unknown): Raw => (typeof value === "object" && value !== null ? (value as Raw) : {});
const list = (value: unknown): Raw[] => (Array.isArray(value) ? value.map(object) : []);

function tokenOf(raw: Raw): Token | undefined {
  const token = { id: text(raw["id"]), token: text(raw["token"]) };
  return token.id && token.token ? token : undefined;
}

/** An address of this site, whatever was said. */
function ownAddress(origin: string, wanted: string): string {
  try {
    const url = new URL(wanted, origin);
    if (url.origin === origin) return url.href;
  } catch {
    // No address at all.
  }
  return `${origin}/`;
}

/**
 * Reads a message. One that cannot be read still has to be shown, with `unreadable` for its text: browsers take the permission away from
 * sites that show nothing.
 */
export function readNotice(message: string, origin: string, unreadable: string): Notice {
  let notification: Raw = {};
  try {
    notification = object(object(JSON.parse(message))["notification"]);
  } catch {
    // Below.
  }
  const data = object(notification["data"]);
  const about = text(data["about"]);
  const activation = tokenOf(object(data["activation"]));
  const timestamp = notification["timestamp"];
  return {
    title: text(notification["title"]) || "QuickStocks",
    body: text(notification["body"]) || (text(notification["title"]) ? "" : unreadable),
    tag: text(notification["tag"]) || "quickstocks",
    ...(typeof timestamp === "number" ? { timestamp } : {}),
    actions: list(notification["actions"])
      .map((raw) => ({ action: text(raw["action"]), title: text(raw["title"]) }))
      .filter((action) => action.action && action.title),
    data: {
      navigate: ownAddress(origin, text(notification["navigate"]) || text(data["navigate"])),
      ...(about ? { about } : {}),
      ...(activation ? { activation } : {}),
      tokens: list(data["tokens"]).flatMap((raw) => tokenOf(raw) ?? []),
    },
  };
}

/** Shows what a push message says, and sends a first message's token back. */
export async function onPush(scope: WorkerScope, message: string): Promise<void> {
  const notice = readNotice(message, scope.location.origin, (await textsOf(scope)).unreadable);
  await show(scope, notice);
  await tell(scope, { type: "push-shown", tag: notice.tag, ...about(notice.data) });
  if (notice.data.activation) await activate(scope, notice.data.activation);
}

/** Does what was clicked. */
export async function onClick(scope: WorkerScope, action: string, raw: unknown): Promise<void> {
  const data = raw as NotificationData;
  const token = data.tokens.find((one) => one.id === action);
  if (token) {
    await act(scope, token, data);
    return;
  }
  // The first answer may have been lost on its way; the token is good for as long as the device is pending.
  if (data.activation) await activate(scope, data.activation);
  await open(scope, data.navigate);
}

/** The browser gave the subscription another address: the server has to know. */
export async function onSubscriptionChange(
  scope: WorkerScope,
  former: PushSubscription | null,
  renewed: PushSubscription | null,
): Promise<void> {
  let ok = false;
  try {
    const key = former?.options.applicationServerKey ?? null;
    const subscription = renewed ?? (await scope.registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key }));
    const replaces = former ? await deviceId(former.endpoint) : undefined;
    const body = subscriptionBody(subscription.toJSON(), deviceName(scope.navigator.userAgent), replaces);
    ok = await post(scope, `${API}/push/subscriptions`, body);
  } catch {
    // The page looks after its subscription whenever it is opened.
  }
  await tell(scope, { type: "push-subscription", ok });
}

async function show(scope: WorkerScope, { title, body, tag, timestamp, actions, data }: Notice): Promise<void> {
  // iOS does not replace by tag.
  for (const former of await scope.registration.getNotifications({ tag })) former.close();
  const options: ShownOptions = {
    body,
    tag,
    actions,
    data,
    renotify: true,
    icon: "/favicon.svg",
    ...(timestamp === undefined ? {} : { timestamp }),
  };
  await scope.registration.showNotification(title, options);
}

async function activate(scope: WorkerScope, { id, token }: Token): Promise<void> {
  const ok = await post(scope, `${API}/push/subscriptions/${encodeURIComponent(id)}/activate`, { token });
  await tell(scope, { type: "push-activated", device: id, ok });
}

async function act(scope: WorkerScope, { id, token }: Token, data: NotificationData): Promise<void> {
  const ok = await post(scope, `${API}/actions/${encodeURIComponent(token)}`, { action: id });
  if (!ok) {
    const texts = await textsOf(scope);
    await show(scope, { title: texts.notDone, body: texts.notDoneHint, tag: "action-failed", actions: [], data: { navigate: data.navigate, tokens: [] } });
  }
  await tell(scope, { type: "push-action", action: id, ok, ...about(data) });
}

/** A page of this site comes to the front, or a new one is opened. */
async function open(scope: WorkerScope, url: string): Promise<void> {
  const pages = await scope.clients.matchAll({ type: "window", includeUncontrolled: true });
  const [page] = [...pages].sort((left, right) => Number(right.url === url) - Number(left.url === url));
  if (!page) {
    await scope.clients.openWindow(url);
    return;
  }
  try {
    await page.focus();
    if (page.url !== url) await page.navigate(url);
  } catch {
    // A page that this worker does not control cannot be sent elsewhere.
    await scope.clients.openWindow(url);
  }
}

async function post(scope: WorkerScope, path: string, body: object): Promise<boolean> {
  try {
    const answer = await scope.fetch(path, {
      method: "POST",
      credentials: "same-origin",
      headers: { "content-type": "application/json", accept: "application/json" },
      body: JSON.stringify(body),
    });
    return answer.ok;
  } catch {
    return false;
  }
}

async function tell(scope: WorkerScope, message: WorkerMessage): Promise<void> {
  for (const page of await scope.clients.matchAll({ type: "window", includeUncontrolled: true })) page.postMessage(message);
}

/** In the language of the pages, also when none is open. */
async function textsOf({ caches, navigator }: WorkerScope): Promise<(typeof workerTexts)["en"]> {
  return workerTexts[await keptLanguage(caches, navigator.languages)];
}

function about(data: NotificationData): { about?: string } {
  return data.about === undefined ? {} : { about: data.about };
}

interface PushEventOf {
  readonly data: { text(): string } | null;
  waitUntil(work: Promise<unknown>): void;
}

interface ClickEventOf {
  readonly action: string;
  readonly notification: { readonly data: unknown; close(): void };
  waitUntil(work: Promise<unknown>): void;
}

interface SubscriptionChangeEventOf {
  readonly oldSubscription?: PushSubscription | null;
  readonly newSubscription?: PushSubscription | null;
  waitUntil(work: Promise<unknown>): void;
}

/** Has the worker answer to everything about notifications. */
export function installPush(scope: WorkerScope & Pick<EventTarget, "addEventListener">): void {
  scope.addEventListener("push", (raw) => {
    const event = raw as unknown as PushEventOf;
    event.waitUntil(onPush(scope, event.data?.text() ?? ""));
  });
  scope.addEventListener("notificationclick", (raw) => {
    const event = raw as unknown as ClickEventOf;
    event.notification.close();
    event.waitUntil(onClick(scope, event.action, event.notification.data));
  });
  scope.addEventListener("pushsubscriptionchange", (raw) => {
    const event = raw as unknown as SubscriptionChangeEventOf;
    event.waitUntil(onSubscriptionChange(scope, event.oldSubscription ?? null, event.newSubscription ?? null));
  });
}
