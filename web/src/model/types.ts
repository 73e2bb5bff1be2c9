// The shapes of the server's messages, as docs/PROTOCOL.md and the REST API have them. Prices stay decimal strings.

import type { Notice } from "./alerts";

export type MarketState = "pre_pre" | "pre" | "regular" | "post" | "post_post" | "closed" | "unknown";
export type SourceState = "starting" | "ok" | "degraded" | "refused" | "unreachable";
export type SourceKind = "simulated" | "yahoo" | "replay" | "unknown";
export type MissingReason = "pending" | "unknown" | "delisted" | "malformed";

/** A decimal number as text, such as "269.70". */
export type Decimal = string;
/** Milliseconds since the Unix epoch. */
export type Timestamp = number;

export interface Extended {
  session: "pre" | "post";
  price: Decimal;
  change?: Decimal;
  change_percent?: Decimal;
  as_of: Timestamp;
}

export interface Quote {
  symbol: string;
  name: string;
  kind: string;
  exchange?: string;
  time_zone?: string;
  currency?: string;
  price?: Decimal;
  price_hint: number;
  change?: Decimal;
  change_percent?: Decimal;
  previous_close?: Decimal;
  open?: Decimal;
  day_low?: Decimal;
  day_high?: Decimal;
  volume?: number;
  fifty_two_week_low?: Decimal;
  fifty_two_week_high?: Decimal;
  market_cap?: Decimal;
  pe_ratio?: Decimal;
  market_state: MarketState;
  delay_minutes?: number;
  extended?: Extended;
  as_of: Timestamp;
  tick: number;
  polled_at: Timestamp;
}

export interface Missing {
  symbol: string;
  reason: MissingReason;
}

export interface SourceHealth {
  state: SourceState;
  /** Seconds within which everything is confirmed while the state is `ok`. */
  interval: number;
  reason?: string;
  retry_at?: Timestamp;
  last_ok_at?: Timestamp;
}

export interface Watchlist {
  id: string;
  name: string;
  symbols: string[];
  /** By symbol. Frames of the socket do not carry them: absent then. */
  notes?: Readonly<Record<string, string>>;
  version: number;
  deleted: boolean;
}

export interface SymbolMatch {
  symbol: string;
  name: string;
  kind: string;
  exchange?: string;
}

export interface ServerConfig {
  version: string;
  source: SourceKind;
  ws_path: string;
  limits: { lists: number; symbols_per_list: number };
  /** Whether lists can be shared by a link here. */
  sharing: boolean;
}

export type ThemeChoice = "system" | "light" | "dark";
export type Colours = "green_up" | "red_up" | "blue_up";

/** Times of the day, HH:MM. To before from is on the next day; the same twice is the whole day. */
export interface QuietHours {
  from: string;
  to: string;
}

/** How somebody wants things shown, on every device. What is absent is the browser's. */
export interface Preferences {
  locale?: string;
  time_zone?: string;
  currency?: string;
  theme: ThemeChoice;
  colours: Colours;
  quiet_hours?: QuietHours;
}

/** A session, a token or a recovery code. */
export interface Token {
  id: string;
  kind: string;
  name?: string;
  used_at: Timestamp;
  expires_at: Timestamp;
  current: boolean;
}

export interface Code {
  code: string;
  expires_at: Timestamp;
}

export interface ImportReport {
  lists: { name: string; outcome: "created" | "changed" | "unchanged"; added: string[]; removed: string[] }[];
  rejected: { line?: number; text: string; reason: string }[];
}

/** Prices as a snapshot, a tick or GET /quotes brings them. */
export interface Prices {
  tick: number;
  polled_at: Timestamp;
  source?: SourceHealth;
  quotes: Quote[];
  missing: Missing[];
}

interface Part {
  part?: number;
  parts?: number;
}

export type Frame =
  | { type: "hello"; tick: number; polled_at: Timestamp; server_time: Timestamp; source?: SourceHealth }
  | ({ type: "snapshot" } & Prices & Part)
  | ({ type: "quotes" } & Prices & Part)
  | { type: "status"; tick: number; polled_at: Timestamp; source: SourceHealth }
  | { type: "list"; list: Watchlist }
  | { type: "alert"; notifications: Notice[] }
  | { type: "pong"; tick: number; polled_at: Timestamp; server_time: Timestamp; source?: SourceHealth }
  | { type: "bye"; reason: string; reconnect_in?: number }
  | { type: "error"; code: string; message: string };
