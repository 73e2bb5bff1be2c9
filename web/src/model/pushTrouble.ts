// Why there are no notifications; what is said of it stands in the messages under `push.obstacle.` and `push.failure.`.

/** Why there can be no notifications here. */
export type Obstacle =
  /** The page came by plain http from another machine. */
  | "insecure"
  /** iOS and iPadOS notify only for what is on the Home Screen. */
  | "ios_home_screen"
  /** The browser has none, or has them switched off (private windows). */
  | "unsupported"
  /** They were refused here before. */
  | "denied";

/** Why notifications could not be switched on. */
export type EnableFailure =
  /** The question was answered with no, or closed. */
  | "refused"
  /** The page's service worker did not start. */
  | "worker"
  /** The browser could not reach its push service in time. */
  | "timeout"
  /** The browser would not subscribe. */
  | "browser";
