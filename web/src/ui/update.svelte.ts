// The page as an app: its files are kept for opening without a network, and a new version is offered instead of forced.

import { SKIP_WAITING } from "../model/update";

/** Pages stay open for days; the browser looks by itself only when one is opened. */
const LOOK_EVERY_MS = 60 * 60_000;

/** What is used of the browser's `ServiceWorkerContainer`. */
export type WorkerContainer = Pick<ServiceWorkerContainer, "register" | "controller" | "addEventListener">;

export class Updates {
  /** Whether a new version is there and waits. */
  ready = $state.raw(false);
  #waiting: ServiceWorker | undefined;
  #wanted = false;

  /** Registers the worker; without one (plain http, a private window) the page works as ever. */
  async start(workers: WorkerContainer | undefined, reload: () => void): Promise<void> {
    if (!workers) return;
    workers.addEventListener("controllerchange", () => {
      // The first worker of all takes over nothing that is on screen.
      if (this.#wanted) reload();
    });
    // Where workers are blocked the promise may be kept with nothing.
    const registration = (await workers.register("/sw.js").catch(() => undefined)) as ServiceWorkerRegistration | undefined;
    if (!registration) return;
    const look = (): void => {
      // Without a controller it is the first version, which is on screen already.
      if (!registration.waiting || !workers.controller) return;
      this.#waiting = registration.waiting;
      this.ready = true;
    };
    look();
    registration.addEventListener("updatefound", () => {
      registration.installing?.addEventListener("statechange", look);
    });
    window.setInterval(() => {
      if (!document.hidden) void registration.update().catch(() => undefined);
    }, LOOK_EVERY_MS);
  }

  /** Takes the new version; the page is loaded anew when it has taken over. */
  take(): void {
    this.#wanted = true;
    this.#waiting?.postMessage(SKIP_WAITING);
  }
}
