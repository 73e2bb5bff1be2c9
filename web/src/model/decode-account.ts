// Reads what the server tells of an account: preferences, tokens, codes, and what an import does.

import { fields, items, known, moment, number, oneOf, text } from "./fields";
import type { Code, ImportReport, Preferences, Token } from "./types";

export function decodePreferences(value: unknown): Preferences | undefined {
  const from = fields(value);
  if (!from) return undefined;
  const [start, end] = [text(fields(from.quiet_hours)?.from), text(fields(from.quiet_hours)?.to)];
  return {
    theme: oneOf(["system", "light", "dark"] as const, from.theme) ?? "system",
    colours: oneOf(["green_up", "red_up", "blue_up"] as const, from.colours) ?? "green_up",
    ...known({
      locale: text(from.locale),
      time_zone: text(from.time_zone),
      currency: text(from.currency),
      quiet_hours: start && end ? { from: start, to: end } : undefined,
    }),
  };
}

function decodeToken(value: unknown): Token | undefined {
  const from = fields(value);
  const id = text(from?.id);
  if (!from || !id) return undefined;
  return {
    id,
    kind: text(from.kind) ?? "other",
    used_at: moment(from.used_at) ?? 0,
    expires_at: moment(from.expires_at) ?? 0,
    current: from.current === true,
    ...known({ name: text(from.name) }),
  };
}

export function decodeTokens(value: unknown): Token[] {
  return items(fields(value)?.tokens, decodeToken);
}

export function decodeCode(value: unknown): Code | undefined {
  const code = text(fields(value)?.code);
  return code ? { code, expires_at: moment(fields(value)?.expires_at) ?? 0 } : undefined;
}

/** A new token's secret, or the next recovery code: what is shown once. */
export function decodeSecret(value: unknown, field: "secret" | "recovery_code"): string | undefined {
  return text(fields(value)?.[field]);
}

export function decodeImport(value: unknown): ImportReport | undefined {
  const from = fields(value);
  if (!from) return undefined;
  return {
    lists: items(from.lists, (item) => {
      const list = fields(item);
      const outcome = oneOf(["created", "changed", "unchanged"] as const, list?.outcome);
      if (!list || !outcome) return undefined;
      return { name: text(list.name) ?? "", outcome, added: items(list.added, text), removed: items(list.removed, text) };
    }),
    rejected: items(from.rejected, (item) => {
      const rejected = fields(item);
      const of = text(rejected?.text);
      return rejected && of !== undefined ? { text: of, reason: text(rejected.reason) ?? "", ...known({ line: number(rejected.line) }) } : undefined;
    }),
  };
}
