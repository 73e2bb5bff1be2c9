// Numbers and times as people of a locale read them. Decimal strings go to Intl as they are: it formats them exactly.

import { english, type MessageKey, type Translate } from "../messages/translate";
import { priceDecimals } from "./decimal";
import type { Decimal, Quote, Timestamp } from "./types";

/** True minus signs are as wide as a plus, so columns of changes align. */
const MINUS = "\u2212";

export interface Unit {
  short: string;
  /** For a tooltip and a screen reader. */
  long: string;
}

/** Yahoo's codes for hundredths of a currency; their case matters. */
const SUBUNITS: Readonly<Record<string, { short: string; long: MessageKey; major: string }>> = {
  GBp: { short: "p", long: "unit.pence", major: "GBP" },
  GBX: { short: "p", long: "unit.pence", major: "GBP" },
  ZAc: { short: "c", long: "unit.cents_zar", major: "ZAR" },
  ILA: { short: "ag.", long: "unit.agorot", major: "ILS" },
};

const AXIS_LABELS = {
  time: { hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  day: { day: "numeric", month: "short" },
  month: { month: "short" },
  year: { year: "numeric" },
  date: { day: "numeric", month: "short", year: "numeric" },
  moment: { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
} as const satisfies Record<string, Intl.DateTimeFormatOptions>;

export type AxisLabel = keyof typeof AXIS_LABELS;

type Formattable = Intl.StringNumericLiteral;

export class Formats {
  /** The texts that belong to these formats. */
  readonly t: Translate;
  readonly #locale: string;
  readonly #timeZone: string | undefined;
  readonly #numbers = new Map<string, Intl.NumberFormat>();
  readonly #dates = new Map<string, Intl.DateTimeFormat>();
  /** By currency: names of currencies are dear to look up, and asked for with every price. */
  readonly #units = new Map<string, Unit>();

  /** `timeZone` is the browser's when absent. */
  constructor(locale: string, timeZone?: string, t: Translate = english) {
    this.#locale = locale;
    this.#timeZone = this.#usable(timeZone);
    this.t = t;
  }

  price(value: Decimal, hint: number): string {
    return this.#decimal(value, priceDecimals(value, hint));
  }

  /** A change of price, with its sign and as many decimals as the price it belongs to. */
  change(value: Decimal, price: Decimal | undefined, hint: number): string {
    const decimals = Math.max(priceDecimals(price ?? value, hint), priceDecimals(value, hint));
    return this.#signed(value, decimals);
  }

  percent(value: Decimal): string {
    return `${this.#signed(value, 2)}\u202f%`;
  }

  /** A part of something in percent, which has no direction. */
  share(value: Decimal): string {
    return `${this.#decimal(value, 2)}\u202f%`;
  }

  ratio(value: Decimal): string {
    return this.#decimal(value, 2);
  }

  /** A big number in short, such as 51.2M. */
  compact(value: Decimal | number): string {
    const key = "compact";
    const format = this.#number(key, { notation: "compact", minimumFractionDigits: 0, maximumFractionDigits: 2 });
    return minus(format.format(value as Formattable));
  }

  integer(value: number): string {
    return this.#decimal(String(Math.round(value)), 0);
  }

  time(at: Timestamp, withSeconds = false): string {
    return this.#date(withSeconds ? "seconds" : "time", {
      hour: "2-digit",
      minute: "2-digit",
      ...(withSeconds ? { second: "2-digit" } : {}),
    }).format(at);
  }

  /** The trading day a price is from, as the exchange's calendar has it. */
  day(at: Timestamp, now: Timestamp, timeZone?: string): string {
    const zone = this.#usable(timeZone);
    const year = new Date(at).getUTCFullYear() === new Date(now).getUTCFullYear() ? {} : ({ year: "numeric" } as const);
    const key = `day ${zone ?? ""} ${"year" in year}`;
    return this.#date(key, { day: "numeric", month: "short", ...year, ...(zone ? { timeZone: zone } : {}) }).format(at);
  }

  /** A whole date, in the exchange's calendar. */
  date(at: Timestamp, timeZone?: string): string {
    const zone = this.#usable(timeZone);
    return this.#date(`date ${zone ?? ""}`, { dateStyle: "medium", ...(zone ? { timeZone: zone } : {}) }).format(at);
  }

  /** Everything about a moment, for a tooltip: the exchange's own time too. */
  moment(at: Timestamp, timeZone?: string): string {
    const zone = this.#usable(timeZone);
    const options = { dateStyle: "medium", timeStyle: "medium" } as const;
    const here = this.#date("moment", options).format(at);
    if (!zone) return here;
    return `${here} (${this.#date(`moment ${zone}`, { ...options, timeZone: zone }).format(at)} ${zone.replaceAll("_", " ")})`;
  }

  /** A place on a chart's time axis, which stands on the exchange's clock as if that were UTC. */
  axis(at: Timestamp, shown: AxisLabel): string {
    return this.#date(`axis ${shown}`, { ...AXIS_LABELS[shown], timeZone: "UTC" }).format(at);
  }

  /** The unit prices of a quote are in; an index has points, whatever currency its exchange trades in. */
  unit(quote: Pick<Quote, "currency" | "kind">): Unit | undefined {
    if (quote.kind === "index") return { short: this.t("unit.points"), long: this.t("unit.points_long") };
    const code = quote.currency;
    if (code === undefined) return undefined;
    let unit = this.#units.get(code);
    if (!unit) {
      const subunit = SUBUNITS[code];
      unit = subunit ? { short: subunit.short, long: this.t(subunit.long) } : { short: code, long: this.#currencyName(code) };
      this.#units.set(code, unit);
    }
    return unit;
  }

  /** The currency a market capitalisation is in: never a subunit. */
  majorCurrency(currency: string | undefined): string | undefined {
    return currency === undefined ? undefined : (SUBUNITS[currency]?.major ?? currency);
  }

  /** An amount in a currency, with its symbol; what the currency does not divide into is rounded. */
  money(value: number, currency: string): string {
    const digits = Math.abs(value) > 0 && Math.abs(value) < 1 ? { maximumSignificantDigits: 4 } : {};
    const key = `money ${currency} ${"maximumSignificantDigits" in digits}`;
    return minus(this.#number(key, { style: "currency", currency, ...digits }).format(value));
  }

  #currencyName(code: string): string {
    try {
      return new Intl.DisplayNames(this.t.language, { type: "currency" }).of(code) ?? code;
    } catch {
      return code;
    }
  }

  #decimal(value: Decimal, decimals: number): string {
    const format = this.#number(`decimal ${decimals}`, { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
    return minus(format.format(value as Formattable));
  }

  #signed(value: Decimal, decimals: number): string {
    const format = this.#number(`signed ${decimals}`, {
      minimumFractionDigits: decimals,
      maximumFractionDigits: decimals,
      signDisplay: "exceptZero",
    });
    return minus(format.format(value as Formattable));
  }

  #number(key: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
    let format = this.#numbers.get(key);
    if (!format) {
      format = new Intl.NumberFormat(this.#locale, options);
      this.#numbers.set(key, format);
    }
    return format;
  }

  #date(key: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
    let format = this.#dates.get(key);
    if (!format) {
      const own = this.#timeZone === undefined ? {} : { timeZone: this.#timeZone };
      format = new Intl.DateTimeFormat(this.#locale, { ...own, ...options });
      this.#dates.set(key, format);
    }
    return format;
  }

  /** A zone this browser does not know must not cost the card its date. */
  #usable(timeZone: string | undefined): string | undefined {
    if (timeZone === undefined) return undefined;
    try {
      new Intl.DateTimeFormat("en", { timeZone });
      return timeZone;
    } catch {
      return undefined;
    }
  }
}

function minus(formatted: string): string {
  return formatted.replace("-", MINUS);
}
