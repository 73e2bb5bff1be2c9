// What to say of something that failed.

import type { Translate } from "../messages/translate";
import { RequestError } from "./rest";

/** Our own words where no answer came, else the server's. */
export function failureWords(error: unknown, t: Translate): string {
  if (!(error instanceof RequestError)) return t("error.page");
  return t.maybe(`error.${error.code}`, error.message);
}
