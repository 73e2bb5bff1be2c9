// The texts of the service worker, which says something of its own only where no page and no message does.

import type { Language } from "./language";

interface WorkerTexts {
  unreadable: string;
  notDone: string;
  notDoneHint: string;
}

export const workerTexts: Readonly<Record<Language, WorkerTexts>> = {
  en: {
    unreadable: "Something happened. Open QuickStocks to see what.",
    notDone: "That could not be done",
    notDoneHint: "The alert is as it was. Open QuickStocks to try again.",
  },
  de: {
    unreadable: "Etwas ist geschehen. QuickStocks öffnen, um zu sehen, was.",
    notDone: "Das ließ sich nicht machen",
    notDoneHint: "Der Alarm ist, wie er war. QuickStocks öffnen, um es noch einmal zu versuchen.",
  },
};
