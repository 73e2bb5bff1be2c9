// The texts about links to lists in German.

import type { ShareTexts } from "./share.en";

export const shareGerman: ShareTexts = {
  title: (name) => `\u201e${name}\u201c teilen`,
  explain: "Wer den Link hat, sieht diese Liste und ihre Kurse, live und ohne Konto. Deine Notizen, Alarme und anderen Listen sieht niemand, und niemand kann etwas ändern.",
  make: "Link erstellen",
  link: "Link",
  copy: "Kopieren",
  copied: "Der Link ist kopiert",
  notCopied: "Der Link lässt sich hier nicht kopieren: bitte auswählen und selbst kopieren",
  elsewhere: "Für ein Terminal oder einen anderen Bildschirm:",
  json: "JSON",
  text: "Text",
  since: (date) => `Geteilt seit ${date}`,
  end: "Nicht mehr teilen",
  endAsk: "Der Link führt dann ins Leere, für alle, die ihn haben. Ein neuer wird ein anderer sein.",
  ended: "Die Liste wird nicht mehr geteilt",
  failed: "Der Link kann nicht gelesen werden",
  again: "Noch einmal versuchen",
  close: "Schließen",
  loading: "Wird geladen",
  readOnly: "Zum Lesen geteilt",
  own: "Eine eigene Liste anlegen",
  opening: "Die Liste wird geladen",
  nowhere: "Dieser Link führt ins Leere",
  nowhereHint: "Die Liste wird nicht mehr geteilt, oder die Adresse ist falsch geschrieben.",
  off: "Hier werden keine Listen geteilt",
  offHint: "Wer diesen Server betreibt, hat das Teilen abgeschaltet.",
  empty: "Auf dieser Liste steht noch nichts.",
  live: "Live",
  unreachable: "Nicht erreichbar: das sind die letzten Kurse",
};
