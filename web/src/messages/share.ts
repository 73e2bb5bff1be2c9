// The texts about links to lists by their language. They are loaded with what says them, in both.

import { shareGerman } from "./share.de";
import { shareEnglish, type ShareTexts } from "./share.en";
import type { Language } from "./translate";

const TEXTS: Readonly<Record<Language, ShareTexts>> = { en: shareEnglish, de: shareGerman };

export function shareTexts(language: Language): ShareTexts {
  return TEXTS[language];
}
