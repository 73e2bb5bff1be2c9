// Reads what the server tells of alerts. As elsewhere, one unusable item does not cost the others.

import { type Alert, type Check, DIRECTIONS, type InboxPage, type Notice, type Receipt, type Repeat, type Rule, RULE_KINDS, SINCES, VERDICTS } from "./alerts";
import { decimal, fields, items, known, label, moment, number, oneOf, text } from "./fields";

const EVENTS = ["fired", "split_adjusted", "expired"] as const;
const STATES = ["pending", "delivered", "given_up"] as const;
const HOLDS = ["quiet_hours", "daily_budget", "push_service"] as const;

function decodeRule(value: unknown): Rule | undefined {
  const from = fields(value);
  const kind = oneOf(RULE_KINDS, from?.kind);
  if (!from || !kind) return undefined;
  return {
    kind,
    ...known<Omit<Rule, "kind">>({
      price: decimal(from.price),
      percent: decimal(from.percent),
      direction: oneOf(DIRECTIONS, from.direction),
      since: oneOf(SINCES, from.since),
      window_minutes: number(from.window_minutes),
      times: decimal(from.times),
    }),
  };
}

function decodeRepeat(value: unknown): Repeat | undefined {
  const from = fields(value);
  return from && { cool_down_minutes: number(from.cool_down_minutes) ?? 0, hysteresis_percent: decimal(from.hysteresis_percent) ?? "0" };
}

export function decodeCheck(value: unknown): Check | undefined {
  const from = fields(value);
  const verdict = oneOf(VERDICTS, from?.verdict);
  if (!from || !verdict) return undefined;
  return { verdict, ...known({ price: decimal(from.price), threshold: decimal(from.threshold), distance: decimal(from.distance) }) };
}

export function decodeAlert(value: unknown): Alert | undefined {
  const from = fields(value);
  const [id, symbol, rule, check] = [text(from?.id), text(from?.symbol), decodeRule(from?.rule), decodeCheck(from?.check)];
  if (!from || !id || !symbol || !rule || !check) return undefined;
  const split = fields(from.split);
  return {
    id,
    symbol,
    rule,
    check,
    fired: number(from.fired) ?? 0,
    version: number(from.version) ?? 0,
    ...known({
      repeat: decodeRepeat(from.repeat),
      expires_at: moment(from.expires_at),
      note: text(from.note),
      snoozed_until: moment(from.snoozed_until),
      fired_at: moment(from.fired_at),
      split_ratio: split?.undone === false ? decimal(split.ratio) : undefined,
    }),
  };
}

export function decodeAlerts(value: unknown): Alert[] {
  return items(fields(value)?.alerts, decodeAlert);
}

export function decodeNotice(value: unknown): Notice | undefined {
  const from = fields(value);
  const [id, symbol, rule, event] = [text(from?.id), text(from?.symbol), decodeRule(from?.rule), oneOf(EVENTS, from?.event)];
  if (!from || !id || !symbol || !rule || !event) return undefined;
  return {
    id,
    alert: text(from.alert) ?? "",
    symbol,
    name: label(from.name) ?? symbol,
    rule,
    event,
    read: from.read === true,
    created_at: moment(from.created_at) ?? 0,
    ...known({ note: text(from.note), price: decimal(from.price), currency: text(from.currency), ratio: decimal(from.ratio) }),
  };
}

export function decodeNotices(value: unknown): Notice[] {
  return items(value, decodeNotice);
}

export function decodeUnread(value: unknown): number {
  return number(fields(value)?.unread) ?? 0;
}

export function decodeInbox(value: unknown): InboxPage | undefined {
  const from = fields(value);
  if (!from) return undefined;
  return { notifications: decodeNotices(from.notifications), unread: decodeUnread(from), ...known({ next: text(from.next) }) };
}

export function decodeReceipts(value: unknown): Receipt[] {
  return items(fields(value)?.receipts, (item) => {
    const from = fields(item);
    const notice = decodeNotice(from?.notification);
    const delivery = fields(from?.delivery);
    if (!notice || !delivery) return undefined;
    const [by, until] = [oneOf(HOLDS, fields(delivery.held)?.by), moment(fields(delivery.held)?.until)];
    const devices = items(delivery.devices, (device) => text(fields(device)?.outcome));
    return {
      notice,
      state: oneOf(STATES, delivery.state) ?? "pending",
      shown: delivery.shown === true,
      accepted: devices.filter((outcome) => outcome === "accepted").length,
      ...known({ held: by && until !== undefined ? { by, until } : undefined }),
    };
  });
}
