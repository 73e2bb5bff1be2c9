// What is said of alerts, of how they stand and of what happened to them.

import type { AlertsTexts } from "../messages/alerts.en";
import type { Alert, Check, Notice, Receipt, Rule } from "./alerts";
import type { Formats } from "./format";

/** Decimals of a price whose instrument is not known. */
const HINT = 2;

export function ruleWords(rule: Rule, texts: AlertsTexts, formats: Formats, hint = HINT): string {
  switch (rule.kind) {
    case "price_above":
    case "price_below":
      return texts.rule[rule.kind](formats.price(rule.price ?? "0", hint));
    case "move": {
      const since = rule.since ?? "previous_close";
      const from = since === "window" ? texts.sinceWords.window(formats.integer(rule.window_minutes ?? 0)) : texts.sinceWords[since];
      return texts.rule.move(formats.share(rule.percent ?? "0"), texts.directions[rule.direction ?? "either"], from);
    }
    case "volume_spike":
      return texts.rule.volume_spike(formats.ratio(rule.times ?? "0"));
    default:
      return texts.rule[rule.kind];
  }
}

/** How an alert stands, with how far it has to go. */
export function checkWords(check: Check, rule: Rule, texts: AlertsTexts, formats: Formats, hint = HINT): string {
  const { verdict, distance, threshold } = check;
  const word = texts.verdicts[verdict];
  if ((verdict !== "waiting" && verdict !== "beyond") || distance === undefined || threshold === undefined) return word;
  const shown = (value: string): string => (rule.kind === "volume_spike" ? formats.compact(value) : formats.price(value, hint));
  return verdict === "beyond" ? word : `${word}: ${texts.distance(shown(distance.replace(/^-/, "")), shown(threshold))}`;
}

/** What else there is to say of an alert: until when, how often, how it repeats. */
export function alertNotes(alert: Alert, texts: AlertsTexts, formats: Formats): string[] {
  const notes: string[] = [];
  if (alert.snoozed_until !== undefined) notes.push(texts.until(formats.moment(alert.snoozed_until)));
  if (alert.fired > 0) notes.push(texts.firedTimes(alert.fired, alert.fired_at === undefined ? "" : formats.moment(alert.fired_at)));
  if (alert.repeat) notes.push(texts.repeats(formats.integer(alert.repeat.cool_down_minutes)));
  if (alert.expires_at !== undefined && alert.check.verdict !== "expired") notes.push(texts.until(formats.moment(alert.expires_at)));
  if (alert.split_ratio !== undefined) notes.push(texts.split(formats.ratio(alert.split_ratio)));
  return notes;
}

export function eventWords(notice: Notice, texts: AlertsTexts, formats: Formats, hint = HINT): string {
  switch (notice.event) {
    case "fired":
      return texts.events.fired(notice.price === undefined ? "\u2013" : formats.price(notice.price, hint));
    case "split_adjusted":
      return texts.events.split_adjusted(notice.ratio === undefined ? "\u2013" : formats.ratio(notice.ratio));
    case "expired":
      return texts.events.expired;
  }
}

/** Where an event was told, or what that waits for. */
export function deliveryWords(receipt: Receipt, texts: AlertsTexts, formats: Formats): string {
  const { state, shown, held, accepted } = receipt;
  const parts = [texts.states[state]];
  if (shown) parts.push(texts.shown);
  if (accepted > 0) parts.push(texts.devices(accepted));
  if (state === "pending" && held) parts.push(texts.holds[held.by](formats.moment(held.until)));
  return parts.join(", ");
}
