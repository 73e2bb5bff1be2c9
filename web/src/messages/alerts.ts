// The texts of alerts and the inbox by their language. They are loaded with those pages, in both.

import { alertsGerman } from "./alerts.de";
import { alertsEnglish, type AlertsTexts } from "./alerts.en";
import type { Language } from "./translate";

const TEXTS: Readonly<Record<Language, AlertsTexts>> = { en: alertsEnglish, de: alertsGerman };

export function alertsTexts(language: Language): AlertsTexts {
  return TEXTS[language];
}
