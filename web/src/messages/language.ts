// The languages there are, without their texts: the service worker needs no more.

export type Language = "en" | "de";

/** The languages that there are, each with its own name. */
export const LANGUAGES: Readonly<Record<Language, string>> = { en: "English", de: "Deutsch" };

/** The first of the wanted languages that there is; English when there is none. */
export function languageFor(tags: readonly string[]): Language {
  for (const tag of tags) {
    const language = tag.toLowerCase().split("-")[0];
    if (language === "en" || language === "de") return language;
  }
  return "en";
}
