// What this device is to the server: its id, its name, and what is said of its push subscription.

/** What `POST /push/subscriptions` takes. */
export interface SubscriptionBody {
  endpoint: string;
  keys: { p256dh: string; auth: string };
  name: string;
  replaces?: string;
}

/** The id of the subscription with that endpoint: the first 16 bytes of its SHA-256, in hex. */
export async function deviceId(endpoint: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(endpoint)));
  return Array.from(digest.subarray(0, 16), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const BROWSERS: readonly (readonly [RegExp, string])[] = [
  [/\bEdg(?:A|iOS)?\//, "Edge"],
  [/\bOPR\//, "Opera"],
  [/\bFirefox\/|\bFxiOS\//, "Firefox"],
  [/Chrome\/|\bCriOS\//, "Chrome"],
  [/\bSafari\//, "Safari"],
];

const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/\biPhone\b/, "iPhone"],
  [/\biPad\b/, "iPad"],
  [/\bAndroid\b/, "Android"],
  [/\bCrOS\b/, "ChromeOS"],
  [/\bWindows\b/, "Windows"],
  [/\bMacintosh\b|\bMac OS X\b/, "Mac"],
  [/\bLinux\b/, "Linux"],
];

/** What to call a device until its owner has a better name: "Firefox · Linux". */
export function deviceName(userAgent: string): string {
  const find = (table: readonly (readonly [RegExp, string])[]) => table.find(([pattern]) => pattern.test(userAgent))?.[1];
  const [browser, system] = [find(BROWSERS), find(SYSTEMS)];
  if (browser && system) return `${browser} · ${system}`;
  return browser ?? system ?? "Browser";
}

/** What the server is told of a subscription. */
export function subscriptionBody(json: PushSubscriptionJSON, name: string, replaces?: string): SubscriptionBody {
  const { p256dh, auth } = json.keys ?? {};
  if (!json.endpoint || !p256dh || !auth) throw new Error("the browser's subscription has no keys");
  return { endpoint: json.endpoint, keys: { p256dh, auth }, name, ...(replaces === undefined ? {} : { replaces }) };
}

/** The bytes of base64url, as `applicationServerKey` takes them. */
export function bytesOf(base64url: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64url.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

/** Whether a subscription takes messages that are signed with this key. One made without a key takes none. */
export function isBoundTo(applicationServerKey: ArrayBuffer | null | undefined, key: Uint8Array): boolean {
  const bound = applicationServerKey ? new Uint8Array(applicationServerKey) : undefined;
  return bound?.length === key.length && bound.every((byte, at) => byte === key[at]);
}
