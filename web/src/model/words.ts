// What the status line and the cards say.

import type { Translate } from "../messages/translate";
import type { Formats } from "./format";
import type { MissingReason, SourceHealth, SourceKind, Timestamp } from "./types";

/** How the connection is doing. `retryAt` is local time. */
export type ConnectionState =
  | { phase: "connecting" }
  | { phase: "live" }
  | { phase: "waiting"; retryAt: Timestamp }
  | { phase: "offline" };

export type Tone = "good" | "busy" | "warn" | "bad";

export interface Words {
  tone: Tone;
  text: string;
}

export function connectionWords(state: ConnectionState, now: Timestamp, t: Translate): Words {
  switch (state.phase) {
    case "live":
      return { tone: "good", text: t("connection.live") };
    case "connecting":
      return { tone: "busy", text: t("connection.connecting") };
    case "waiting":
      return { tone: "warn", text: t("connection.waiting", { seconds: Math.max(1, Math.ceil((state.retryAt - now) / 1000)) }) };
    case "offline":
      return { tone: "bad", text: t("connection.offline") };
  }
}

/** `retry_at` is the server's time, formatted for the reader's zone. */
export function sourceWords(source: SourceHealth | undefined, formats: Formats): Words | undefined {
  if (!source) return undefined;
  const { t } = formats;
  const next =
    source.retry_at === undefined ? t("source.trying_again") : t("source.next_attempt", { time: formats.time(source.retry_at) });
  if (source.reason === "budget_spent") return { tone: "warn", text: t("source.budget_spent", { next }) };
  const known = source.reason && t.maybe(`source.reason.${source.reason}`, source.reason.replaceAll("_", " "));
  const reason = known ? ` (${known})` : "";
  switch (source.state) {
    case "ok":
      return { tone: "good", text: t("source.ok") };
    case "starting":
      return { tone: "busy", text: t("source.starting") };
    case "degraded":
      return { tone: "warn", text: t("source.degraded", { reason }) };
    case "refused":
      return { tone: "warn", text: t("source.refused", { reason, next }) };
    case "unreachable":
      return { tone: "bad", text: t("source.unreachable", { reason: source.reason === "unreachable" ? "" : reason, next }) };
  }
}

export function sourceKindNotice(kind: SourceKind | undefined, t: Translate): { text: string; loud: boolean } | undefined {
  switch (kind) {
    case "simulated":
    case "replay":
      return { text: t(`source.kind.${kind}`), loud: true };
    case "yahoo":
      return { text: t("source.kind.yahoo"), loud: false };
    default:
      return undefined;
  }
}

export function missingWords(reason: MissingReason, t: Translate): string {
  return t(`missing.${reason}`);
}

export function kindWord(kind: string, t: Translate): string {
  return t.maybe(`kind.${kind}`, t("kind.other"));
}

/** A name in a sentence takes no more letters: what is said of it must be seen too. */
const LONGEST_NAME = 48;

/** A name as it stands in a sentence. */
export function nameInSentence(name: string): string {
  const letters = [...name];
  return letters.length > LONGEST_NAME ? `${letters.slice(0, LONGEST_NAME).join("").trimEnd()}\u2026` : name;
}
