// What the status line and the cards say.

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

export function connectionWords(state: ConnectionState, now: Timestamp): Words {
  switch (state.phase) {
    case "live":
      return { tone: "good", text: "Live" };
    case "connecting":
      return { tone: "busy", text: "Connecting" };
    case "waiting":
      return { tone: "warn", text: `Reconnecting in ${Math.max(1, Math.ceil((state.retryAt - now) / 1000))} s` };
    case "offline":
      return { tone: "bad", text: "Offline" };
  }
}

const REASONS: Readonly<Record<string, string>> = {
  rate_limited: "rate limited",
  session_refused: "it does not accept our session",
  bad_answer: "its answers cannot be read",
  unreachable: "no answer",
};

/** `retry_at` is the server's time, formatted for the reader's zone. */
export function sourceWords(source: SourceHealth | undefined, formats: Formats): Words | undefined {
  if (!source) return undefined;
  const next = source.retry_at === undefined ? "trying again" : `next attempt at ${formats.time(source.retry_at)}`;
  const stay = `${next}; last prices stay`;
  if (source.reason === "budget_spent") {
    return { tone: "warn", text: `This hour's calls to the source are used up, ${stay}` };
  }
  const reason = source.reason === undefined ? "" : ` (${REASONS[source.reason] ?? source.reason.replaceAll("_", " ")})`;
  switch (source.state) {
    case "ok":
      return { tone: "good", text: "Source ok" };
    case "starting":
      return { tone: "busy", text: "Waiting for the source's first prices" };
    case "degraded":
      return { tone: "warn", text: `Prices come through a poorer endpoint${reason}; some figures may be missing` };
    case "refused":
      return { tone: "warn", text: `The source refuses requests${reason}, ${stay}` };
    case "unreachable":
      return { tone: "bad", text: `The source cannot be reached${source.reason === "unreachable" ? "" : reason}, ${stay}` };
  }
}

export function sourceKindNotice(kind: SourceKind | undefined): { text: string; loud: boolean } | undefined {
  switch (kind) {
    case "simulated":
      return { text: "Simulated market: these prices are made up", loud: true };
    case "replay":
      return { text: "Replay of recorded prices", loud: true };
    case "yahoo":
      return { text: "Data from Yahoo Finance, for personal use", loud: false };
    default:
      return undefined;
  }
}

export function missingWords(reason: MissingReason): string {
  switch (reason) {
    case "pending":
      return "Waiting for its first price";
    case "unknown":
      return "The source does not know this symbol";
    case "delisted":
      return "Delisted: it is not traded any more";
    case "malformed":
      return "The source's answer could not be read; trying again";
  }
}

const KINDS: Readonly<Record<string, string>> = {
  equity: "Stock",
  etf: "ETF",
  mutual_fund: "Fund",
  money_market: "Money market",
  index: "Index",
  currency: "Currency",
  cryptocurrency: "Crypto",
  future: "Future",
  option: "Option",
};

export function kindWord(kind: string): string {
  return KINDS[kind] ?? "Other";
}
