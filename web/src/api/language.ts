// The language that a page speaks, left where its service worker finds it: a worker has no access to what pages store otherwise.

import { type Language, languageFor } from "../messages/language";

const CACHE = "quickstocks-language";
/** No file of the site: a name for the one entry. */
const ENTRY = "/language";

/** What is used of the browser's caches; pages without a secure address have none. */
export interface Caches {
  open(name: string): Promise<Pick<Cache, "match" | "put">>;
}

/** Leaves the language for the worker. A browser that keeps nothing, as private windows do, has a worker that speaks its own. */
export async function keepLanguage(caches: Caches | undefined, language: Language): Promise<void> {
  try {
    await (await caches?.open(CACHE))?.put(ENTRY, new Response(language));
  } catch {
    // Below: what the browser prefers.
  }
}

/** The language that a page left, else what the browser prefers. */
export async function keptLanguage(caches: Caches | undefined, preferred: readonly string[]): Promise<Language> {
  try {
    const kept = await (await caches?.open(CACHE))?.match(ENTRY);
    if (kept) return languageFor([await kept.text()]);
  } catch {
    // The preferred one.
  }
  return languageFor(preferred);
}
