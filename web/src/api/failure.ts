// What to say of something that failed.

import type { Translate } from "../messages/translate";
import { RequestError } from "./rest";

/** What a page only sends to a server of another version. */
export const OUTDATED: readonly string[] = [
  "route_not_found",
  "method_not_allowed",
  "body_malformed",
  "content_type_invalid",
  "path_malformed",
  "query_malformed",
  "if_match_malformed",
  "mode_invalid",
  "format_invalid",
  "symbols_missing",
  "limit_invalid",
  "range_invalid",
  "interval_invalid",
  "minutes_invalid",
  "ids_invalid",
  "currencies_invalid",
];

/** The server's words, from which numbers and symbols are taken: they are for people and may change, and then the text does without. */
const NAMED = [/^(?:not known to the source|cannot be checked now, [^:]*): (.+)$/, /^(\S+) is in the list twice$/, /^there is a note about (\S+), /, / of (\S+), so such an alert /];
const LIMIT = /(?:at most|1 to) ([\d,]+)\b/;

/** Our own words, the most exact that there are, for what we know; else the server's. */
export function failureWords(error: unknown, t: Translate): string {
  if (!(error instanceof RequestError)) return t("error.page");
  const { code, message, field, retryAfter } = error;
  if (OUTDATED.includes(code)) return t("error.outdated");
  const key = `error.${code}`;
  const symbols = NAMED.map((pattern) => pattern.exec(message)?.[1]).find((found) => found !== undefined);
  const most = LIMIT.exec(message)?.[1];
  const exact = [
    symbols === undefined ? "" : t.maybe(`${key}.named`, "", { symbols }),
    most === undefined ? "" : t.maybe(`${key}.limit`, "", { most }),
    retryAfter === undefined ? "" : t.maybe(`${key}.wait`, "", { seconds: retryAfter }),
    field === undefined ? "" : t.maybe(`${key}.${field.split(".").at(-1)}`, ""),
  ];
  return exact.find((words) => words !== "") ?? t.maybe(key, message);
}
