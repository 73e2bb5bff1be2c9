// The part of each day in which no device is called: what the server does by it is told here in words.

import type { Formats } from "./format";
import type { QuietHours, Timestamp } from "./types";

/** What they begin with. */
export const USUAL_QUIET_HOURS: QuietHours = { from: "22:00", to: "07:00" };

/** What the server takes for the zone of somebody who named none. */
export const ZONE_OF_NOBODY = "UTC";

const TIME = /^([01]\d|2[0-3]):[0-5]\d$/;

export function isTimeOfDay(text: string): boolean {
  return TIME.test(text);
}

/** How long they last: over midnight, within a day, or always. */
export function spanOf({ from, to }: QuietHours): "same_day" | "overnight" | "always" {
  return from === to ? "always" : from < to ? "same_day" : "overnight";
}

/** Whether it is quiet at a moment, by the clock of a zone. Of a zone that this browser does not know nothing can be said. */
export function isQuiet({ from, to }: QuietHours, zone: string, at: Timestamp): boolean | undefined {
  let now: string;
  try {
    now = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: zone }).format(at);
  } catch {
    return undefined;
  }
  return from < to ? from <= now && now < to : now >= from || now < to;
}

/** A time of the day as people of the locale write it. */
export function timeOfDayWords(time: string, formats: Formats): string {
  const [hours, minutes] = time.split(":").map(Number);
  return formats.axis(Date.UTC(2000, 0, 1, hours, minutes), "time");
}

export function zoneWords(zone: string): string {
  return zone.replaceAll("_", " ");
}
