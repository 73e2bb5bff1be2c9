// Looks texts up in the language of the user.

import { en } from "./en";
import type { Language } from "./language";

export { type Language, LANGUAGES, languageFor } from "./language";

export type MessageKey = keyof typeof en;
export type Messages = Readonly<Record<MessageKey, string>>;
/** What a count chooses between: the part of a key before `.one` and `.other`. */
export type CountedKey = Counted<MessageKey>;
type Counted<Key> = Key extends `${infer Base}.other` ? (`${Base}.one` extends MessageKey ? Base : never) : never;
type Values = Readonly<Record<string, string | number>>;

export interface Translate {
  (key: MessageKey, values?: Values): string;
  /** The form for this count, which fills `{count}` in too. */
  count(key: CountedKey, count: number, values?: Values): string;
  /** The text of a key that is put together at run time, or `otherwise` when there is none. */
  maybe(key: string, otherwise: string, values?: Values): string;
  readonly language: Language;
}

function filled(text: string, values: Values): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => (name in values ? String(values[name]) : whole));
}

export function translator(language: Language, messages: Messages): Translate {
  const plurals = new Intl.PluralRules(language);
  const translate = (key: MessageKey, values: Values = {}): string => filled(messages[key], values);
  return Object.assign(translate, {
    language,
    count: (key: CountedKey, count: number, values: Values = {}): string => {
      const form = plurals.select(count) === "one" ? "one" : "other";
      return filled(messages[`${key}.${form}` as MessageKey], { count, ...values });
    },
    maybe: (key: string, otherwise: string, values: Values = {}): string => (Object.hasOwn(messages, key) ? translate(key as MessageKey, values) : otherwise),
  });
}

export const english = translator("en", en);

/** Loads a language; only English comes with the page. */
export async function load(language: Language): Promise<Translate> {
  if (language === "en") return english;
  const { de } = await import("./de");
  return translator("de", de);
}
