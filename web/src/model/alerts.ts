// Alerts as their owner writes them, and what happened to them: the shapes of the REST API and of `alert` frames.

import type { Decimal, Timestamp } from "./types";

export const RULE_KINDS = ["price_above", "price_below", "move", "new_high", "new_low", "volume_spike"] as const;
export const DIRECTIONS = ["either", "up", "down"] as const;
export const SINCES = ["previous_close", "set", "window"] as const;
export const VERDICTS = [
  "waiting",
  "beyond",
  "snoozed",
  "resting",
  "no_quote",
  "no_data",
  "fired",
  "expired",
  "paused",
] as const;
export const ALERT_ACTIONS = ["snooze", "mute", "rearm", "pause", "undo_split"] as const;

export type RuleKind = (typeof RULE_KINDS)[number];
export type Direction = (typeof DIRECTIONS)[number];
export type Since = (typeof SINCES)[number];
export type Verdict = (typeof VERDICTS)[number];
export type AlertAction = (typeof ALERT_ACTIONS)[number];

/** What an alert waits for; only the fields of its kind are there. */
export interface Rule {
  kind: RuleKind;
  price?: Decimal;
  percent?: Decimal;
  direction?: Direction;
  since?: Since;
  window_minutes?: number;
  times?: Decimal;
}

/** How an alert that fires more than once gets ready again. */
export interface Repeat {
  cool_down_minutes: number;
  hysteresis_percent: Decimal;
}

/** How an alert stands against the last quote. */
export interface Check {
  verdict: Verdict;
  price?: Decimal;
  threshold?: Decimal;
  distance?: Decimal;
}

/** What somebody wants to be told of. */
export interface AlertTerms {
  rule: Rule;
  repeat?: Partial<Repeat>;
  expires_at?: Timestamp;
  note?: string;
}

export interface Alert extends AlertTerms {
  id: string;
  symbol: string;
  repeat?: Repeat;
  check: Check;
  snoozed_until?: Timestamp;
  fired: number;
  fired_at?: Timestamp;
  /** New shares for each old one, since its numbers were adjusted for a split that was not taken back. */
  split_ratio?: Decimal;
  version: number;
}

/** Something that happened to an alert. */
export interface Notice {
  /** A later one is greater. */
  id: string;
  alert: string;
  symbol: string;
  name: string;
  rule: Rule;
  note?: string;
  event: "fired" | "split_adjusted" | "expired";
  /** The price when it fired. */
  price?: Decimal;
  currency?: string;
  ratio?: Decimal;
  read: boolean;
  created_at: Timestamp;
}

export interface InboxPage {
  notifications: Notice[];
  /** How many of the newest 100 were not read. */
  unread: number;
  /** Where the next page begins. */
  next?: string;
}

/** What became of an event on its way to its owner. */
export interface Receipt {
  notice: Notice;
  state: "pending" | "delivered" | "given_up";
  /** Whether open pages were told. */
  shown: boolean;
  held?: { by: "quiet_hours" | "daily_budget" | "push_service"; until: Timestamp };
  /** Devices whose push service took it. */
  accepted: number;
}

/** What can be done about an alert as it stands. */
export function actionsFor(alert: Alert): AlertAction[] {
  const { verdict } = alert.check;
  const watches = verdict !== "fired" && verdict !== "expired" && verdict !== "paused";
  return ALERT_ACTIONS.filter((action) => {
    switch (action) {
      case "snooze":
        return verdict !== "snoozed" && verdict !== "expired" && verdict !== "paused";
      case "mute":
      case "pause":
        return watches;
      case "rearm":
        return verdict !== "expired" && (!watches || verdict === "snoozed" || verdict === "resting");
      case "undo_split":
        return alert.split_ratio !== undefined;
    }
  });
}

/** A price that an alert waits for. */
export interface Level {
  id: string;
  price: Decimal;
  /** Whether it is what the owner chose, and not what follows from other prices. */
  movable: boolean;
}

/** Whether the rule waits for a price that its owner chose. */
export function waitsForPrice({ kind }: Rule): boolean {
  return kind === "price_above" || kind === "price_below";
}

/** The prices that alerts wait for now; a volume has no place among prices. */
export function levelsOf(alerts: readonly Alert[]): Level[] {
  return alerts.flatMap(({ id, rule, check }) => {
    const waits = check.verdict === "waiting" || check.verdict === "beyond" || check.verdict === "snoozed" || check.verdict === "resting";
    return waits && rule.kind !== "volume_spike" && check.threshold !== undefined ? [{ id, price: check.threshold, movable: waitsForPrice(rule) }] : [];
  });
}

/** The newest first, each once; what comes later replaces what was there. */
export function mergeNotices(before: readonly Notice[], more: readonly Notice[]): Notice[] {
  const byId = new Map([...before, ...more].map((notice) => [notice.id, notice]));
  return [...byId.values()].sort((left, right) => (left.id < right.id ? 1 : -1));
}

const DIGITS = /^\d{1,13}(\.\d{1,8})?$/;

/** What stands before the decimals in a language. */
export function decimalSignOf(locale: string): string {
  return new Intl.NumberFormat(locale).formatToParts(1.5).find(({ type }) => type === "decimal")?.value ?? ".";
}

/** A number as somebody would type it in their language. */
export function localDecimal(value: Decimal | undefined, decimalSign: string): string {
  return (value ?? "").replace(".", decimalSign);
}

/** The number that somebody typed, with the decimal sign of their language or a point; nothing when it is none. */
export function typedDecimal(typed: string, decimalSign: string): Decimal | undefined {
  const plain = typed.replace(/[\s\u00a0\u202f%']/g, "").replace(decimalSign, ".");
  return DIGITS.test(plain) ? plain : undefined;
}
