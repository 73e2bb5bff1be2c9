// The texts of the detail view by their language. They are loaded with it, in both.

import { detailGerman } from "./detail.de";
import { type DetailTexts, detailEnglish } from "./detail.en";
import type { Language } from "./translate";

const TEXTS: Readonly<Record<Language, DetailTexts>> = { en: detailEnglish, de: detailGerman };

export function detailTexts(language: Language): DetailTexts {
  return TEXTS[language];
}
