// The service worker: the page opens without a network, from the files of one build, and notifications come without a page. Prices are not
// kept here; the page keeps the last ones itself, with their age.

import { cleanupOutdatedCaches, precacheAndRoute, type PrecacheEntry } from "workbox-precaching";
import { SKIP_WAITING } from "./model/update";
import { installPush, type WorkerScope as PushScope } from "./sw/push";

/** What is used of a service worker's scope; TypeScript's library for pages does not have it. */
interface WorkerScope extends PushScope, EventTarget {
  /** Filled in by the build. */
  readonly __WB_MANIFEST: (PrecacheEntry | string)[];
  skipWaiting(): Promise<void>;
}

declare const self: WorkerScope;

precacheAndRoute(self.__WB_MANIFEST);
cleanupOutdatedCaches();

// A new version waits until the user wants it: files of two versions do not fit together.
self.addEventListener("message", (event) => {
  if ((event as MessageEvent<unknown>).data === SKIP_WAITING) void self.skipWaiting();
});

installPush(self);
