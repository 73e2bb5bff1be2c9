// The devices that notifications are pushed to, as the server tells them.

export interface Device {
  readonly id: string;
  readonly name: string;
  /** The origin of its push service. */
  readonly service: string;
  readonly state: "pending" | "active";
  readonly createdAt: number;
}

type Raw = Record<string, unknown>;

function raw(value: unknown): Raw {
  return typeof value === "object" && value !== null ? (value as Raw) : {};
}

function deviceOf(value: unknown): Device | undefined {
  const { id, name, service, state, created_at: createdAt } = raw(value);
  if (typeof id !== "string" || typeof name !== "string" || typeof createdAt !== "number") return undefined;
  return { id, name, service: typeof service === "string" ? service : "", state: state === "active" ? "active" : "pending", createdAt };
}

/** Devices that cannot be read are left out. */
export function decodeDevices(answer: unknown): Device[] {
  const { devices } = raw(answer);
  return Array.isArray(devices) ? devices.flatMap((device) => deviceOf(device) ?? []) : [];
}

export function decodeDevice(answer: unknown): Device {
  const device = deviceOf(answer);
  if (!device) throw new Error("the server's answer is no device");
  return device;
}

export function decodePushKey(answer: unknown): string {
  const { key } = raw(answer);
  if (typeof key !== "string" || key === "") throw new Error("the server's answer is no key");
  return key;
}

const SERVICES: readonly (readonly [string, string])[] = [
  ["fcm.googleapis.com", "Google"],
  ["jmt17.google.com", "Google"],
  [".push.services.mozilla.com", "Mozilla"],
  [".push.apple.com", "Apple"],
  [".notify.windows.com", "Microsoft"],
];

/** Whose push service it is, for people; its host where it is nobody's known. */
export function serviceName(origin: string): string {
  let host = origin;
  try {
    host = new URL(origin).host;
  } catch {
    // Shown as it is.
  }
  return SERVICES.find(([known]) => host === known || (known.startsWith(".") && host.endsWith(known)))?.[1] ?? host;
}
