/** What a page says to a waiting service worker: take over now. */
export const SKIP_WAITING = "skip-waiting";
