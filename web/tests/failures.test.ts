import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { failureWords, OUTDATED } from "../src/api/failure";
import { RequestError, RestClient } from "../src/api/rest";
import { de } from "../src/messages/de";
import { failuresEnglish } from "../src/messages/failures.en";
import { en } from "../src/messages/en";
import { english, translator } from "../src/messages/translate";
import { FakePorts } from "./support/ports";

const german = translator("de", de);
const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

/** Codes that no request of the page can cause, and why. */
const NEVER: Readonly<Record<string, string>> = {
  token_invalid: "the page sends no token: it has a session in a cookie",
  session_only: "only a token is refused so",
  scope_insufficient: "only a token has a scope",
  origin_required: "a browser names the origin with each change",
  idempotency_key_malformed: "the page sends no Idempotency-Key",
  idempotency_key_reused: "the page sends no Idempotency-Key",
  idempotency_under_way: "the page sends no Idempotency-Key",
  expires_in_days_invalid: "the page leaves the days of a token to the server",
  action_token_invalid: "only the service worker presses buttons of notifications",
  activation_invalid: "only the service worker activates a device",
};

/** The table of codes, read where the API has it. */
const CODES = [...new Set([...read("functions/api/src/openapi/codes.rs").matchAll(/\bcode\(\s*"([a-z_]+)",\s*\d{3},/g)].map((match) => match[1] ?? ""))];

describe("the server's failures", () => {
  it("are found where the API has them", () => {
    const documented = [...read("docs/API-DESIGN.md").matchAll(/^\| `([a-z_]+)` \| \d{3} \|/gm)].map((match) => match[1]);
    expect(CODES.length).toBeGreaterThan(60);
    expect(new Set(CODES)).toEqual(new Set(documented));
  });

  it.each(CODES)("%s has words in both languages, or is none that the page causes", (code) => {
    const error = new RequestError(400, code, "the server's words");
    if (code in NEVER) {
      expect(failureWords(error, english)).toBe("the server's words");
    } else {
      for (const t of [english, german]) expect(failureWords(error, t)).not.toMatch(/the server's words|\{|^$/);
      expect(failureWords(error, german)).not.toBe(failureWords(error, english));
    }
  });

  it("are all of the API: no text and no exception is about a code that there is not", () => {
    const told = Object.keys(failuresEnglish).map((key) => key.split(".")[1] ?? "");
    const known = [...CODES, "outdated"];
    expect([...told, ...OUTDATED, ...Object.keys(NEVER)].filter((code) => !known.includes(code))).toEqual([]);
  });

  it("are in the server's words where they are new", () => {
    expect(failureWords(new RequestError(422, "brand_new", "only so many of these"), german)).toBe("only so many of these");
    expect(failureWords(new RequestError(502, "", "The server answered 502"), english)).toBe("The server answered 502");
    expect(failureWords(new TypeError("x is undefined"), english)).toBe(en["error.page"]);
  });
});

describe("what a failure tells", () => {
  // The server's words as its source has them, the file they stand in, and what is made of them.
  it.each<[string, string, string, string, string]>([
    ["crates/quickstocks-core/src/symbols.rs", "not known to the source: {}", "symbol_unknown", "not known to the source: ZZZ, YYY", "The source does not know ZZZ, YYY"],
    ["crates/quickstocks-core/src/symbols.rs", "cannot be checked now, since the source does not answer: {}", "source_unavailable", "cannot be checked now, since the source does not answer: ZZZ", "so ZZZ cannot be checked"],
    ["crates/quickstocks-core/src/model/watchlist.rs", "{0} is in the list twice", "symbol_duplicate", "AAPL is in the list twice", "AAPL is on the list twice"],
    ["crates/quickstocks-core/src/model/watchlist.rs", "there is a note about {0}, which is not in the list", "note_stray", "there is a note about VOD.L, which is not in the list", "a note about VOD.L, which"],
    ["crates/quickstocks-core/src/model/watchlist.rs", "a list holds at most {MAX_SYMBOLS_PER_LIST} symbols", "too_many_symbols", "a list holds at most 200 symbols", "There are 200 symbols at most"],
    ["crates/quickstocks-core/src/model/watchlist.rs", "a list's name has 1 to {MAX_LIST_NAME_CHARS} characters", "name_invalid", "a list's name has 1 to 60 characters and no control characters", "1 to 60 characters"],
    ["crates/quickstocks-core/src/model/watchlist.rs", "a note has 1 to {MAX_NOTE_CHARS} characters", "note_invalid", "a note has 1 to 280 characters, and no control characters but line feeds", "1 to 280 characters"],
    ["crates/quickstocks-core/src/watchlists.rs", "a user has at most {MAX_LISTS} watchlists", "too_many_watchlists", "a user has at most 20 watchlists", "20 lists at most"],
    ["crates/quickstocks-core/src/watchlists.rs", "an import may bring at most {} symbols", "import_too_large", "an import may bring at most 500 symbols that are new: split the file", "500 new symbols at most"],
    ["crates/quickstocks-core/src/search.rs", "a search has 1 to {MAX_QUERY_CHARS} characters", "query_invalid", "a search has 1 to 80 characters and no control characters", "1 to 80 characters"],
    ["crates/quickstocks-core/src/alerts/book.rs", "the source tells {lacking} of {symbol}, so such an alert could never fire", "rule_impossible", "the source tells no volume of EURUSD=X, so such an alert could never fire", "does not tell of EURUSD=X"],
    ["crates/quickstocks-core/src/alerts/book.rs", "at most {MAX_ALERTS} alerts are allowed", "too_many_alerts", "at most 100 alerts are allowed: remove one first", "100 alerts at most"],
    ["crates/quickstocks-core/src/accounts.rs", "at most {MAX_TOKENS} sessions and tokens are allowed", "too_many_tokens", "at most 50 sessions and tokens are allowed: end one first", "50 sessions and tokens at most"],
    ["crates/quickstocks-core/src/push.rs", "at most {MAX_PUSH_SUBSCRIPTIONS} devices get notifications", "too_many_devices", "at most 10 devices get notifications: remove one first", "10 devices at most"],
  ])("of %s, %s, is kept: %s", (file, source, code, detail, words) => {
    expect(read(file)).toContain(source);
    expect(failureWords(new RequestError(422, code, detail), english)).toContain(words);
  });

  it.each([
    ["price", "A price is above 0"],
    ["percent", "A move is above 0"],
    ["window_minutes", "5 to 1440"],
    ["times", "1.1 to 100"],
    ["kind", "Something is missing"],
  ])("about the field %s of a rule is said of that field", (field, words) => {
    expect(failureWords(new RequestError(422, "rule_invalid", "no", { field: `rule.${field}` }), english)).toContain(words);
  });

  it("is read from the answer: the code, the field, and when to try again", async () => {
    const ports = new FakePorts();
    ports.answer = () => ({ status: 429, json: { code: "rate_limited", detail: "wait", field: "x" }, headers: { "retry-after": "7" } });
    const error = await new RestClient(ports).tokens().catch((error: unknown) => error);
    expect(error).toMatchObject({ status: 429, code: "rate_limited", field: "x", retryAfter: 7 });
    expect(failureWords(error, english)).toBe("These were too many requests; try again in 7 s");
    ports.answer = () => ({ status: 503, json: { code: "unavailable", detail: "wait" } });
    expect(await new RestClient(ports).tokens().catch((error: unknown) => error)).toMatchObject({ retryAfter: undefined, field: undefined });
  });
});
