// Notifications of this page: loaded where somebody has them, or asks for them.

import { browserPorts } from "../api/ports";
import { PushDevices, pushBrowser } from "../api/push";
import type { Dashboard } from "./dashboard.svelte";

export function pushDevices(dashboard: Dashboard): PushDevices {
  const rest = {
    request: (method: string, path: string, body?: object) => dashboard.ask((client) => client.send(method, path, body ? { body } : {})),
  };
  return new PushDevices(pushBrowser(), rest, browserPorts().timers);
}

export async function lookAfter(dashboard: Dashboard): Promise<void> {
  try {
    await pushDevices(dashboard).refresh();
  } catch {
    // The settings say what is wrong; nobody has asked here.
  }
}
