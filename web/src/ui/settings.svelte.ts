// How somebody wants things shown: what goes with them to every device, and what holds for this browser only. A copy stays
// in this browser, so that the first paint (public/theme.js) and a page without a network know it too.

import { keepLanguage } from "../api/language";
import type { Storage } from "../api/ports";
import { decodePreferences } from "../model/decode-account";
import { fields, oneOf } from "../model/fields";
import { Formats } from "../model/format";
import type { Preferences } from "../model/types";
import { english, languageFor, load, type Translate } from "../messages/translate";

const KEY = "quickstocks.settings";

export const DENSITIES = ["comfortable", "compact"] as const;
export const SPOKEN = ["off", "selected"] as const;

/** What holds for this browser only. */
export interface LocalSettings {
  density: (typeof DENSITIES)[number];
  reducedMotion: boolean;
  /** What a screen reader is told of prices. */
  spoken: (typeof SPOKEN)[number];
}

type Shade = "light" | "dark";

export class Settings {
  preferences = $state.raw<Preferences>({ theme: "system", colours: "green_up" });
  local = $state.raw<LocalSettings>({ density: "comfortable", reducedMotion: false, spoken: "off" });
  t = $state.raw<Translate>(english);
  readonly #storage: Storage;
  readonly #system = window.matchMedia("(prefers-color-scheme: dark)");
  #systemIsDark = $state.raw(this.#system.matches);

  readonly shade: Shade = $derived.by(() => {
    const { theme } = this.preferences;
    return theme === "system" ? (this.#systemIsDark ? "dark" : "light") : theme;
  });
  readonly formats: Formats = $derived(new Formats(this.locale, this.preferences.time_zone, this.t));

  constructor(storage: Storage) {
    this.#storage = storage;
    this.#recall();
    this.#system.addEventListener("change", (event) => {
      this.#systemIsDark = event.matches;
    });
  }

  get locale(): string {
    return usableLocale(this.preferences.locale) ?? navigator.language;
  }

  /** Loads the language; before the first paint, so that no text changes under the reader. */
  async ready(): Promise<void> {
    this.#show();
    await this.#speak();
  }

  /** Takes over what the server has. */
  async take(preferences: Preferences): Promise<void> {
    this.preferences = preferences;
    this.#keep();
    await this.#speak();
  }

  setLocal(change: Partial<LocalSettings>): void {
    this.local = { ...this.local, ...change };
    this.#keep();
  }

  async #speak(): Promise<void> {
    const { locale } = this.preferences;
    const language = languageFor(locale === undefined ? navigator.languages : [locale]);
    // Without its file the page goes on in the language it has.
    if (language !== this.t.language) this.t = await load(language).catch(() => this.t);
    document.documentElement.lang = this.t.language;
    void keepLanguage(globalThis.caches, this.t.language);
  }

  #keep(): void {
    this.#storage.set(KEY, JSON.stringify({ ...this.preferences, ...this.local }));
    this.#show();
  }

  #recall(): void {
    let kept: unknown;
    try {
      kept = JSON.parse(this.#storage.get(KEY) ?? "null");
    } catch {
      return;
    }
    const from = fields(kept);
    if (!from) return;
    this.preferences = decodePreferences(from) ?? this.preferences;
    this.local = {
      density: oneOf(DENSITIES, from.density) ?? "comfortable",
      reducedMotion: from.reducedMotion === true,
      spoken: oneOf(SPOKEN, from.spoken) ?? "off",
    };
  }

  #show(): void {
    const { dataset } = document.documentElement;
    const { theme, colours } = this.preferences;
    if (theme === "system") delete dataset.theme;
    else dataset.theme = theme;
    dataset.colours = colours;
    dataset.density = this.local.density;
    if (this.local.reducedMotion) dataset.motion = "reduced";
    else delete dataset.motion;
  }
}

function usableLocale(locale: string | undefined): string | undefined {
  try {
    return locale === undefined ? undefined : Intl.getCanonicalLocales(locale)[0];
  } catch {
    return undefined;
  }
}
