// What a row of the table and a card have in common: a quote, in words.

import { untrack } from "svelte";
import type { Attachment } from "svelte/attachments";
import { type AgeWords, ageWords, type Freshness, freshnessOf } from "../model/age";
import { convert, type Converted } from "../model/convert";
import type { Formats, Unit } from "../model/format";
import { flashOf, type Row } from "../model/row";
import type { Decimal, Quote, Timestamp } from "../model/types";
import type { Dashboard } from "./dashboard.svelte";

export class BoardRow {
  readonly #dashboard: () => Dashboard;
  readonly #symbol: () => string;
  #isNear = $state.raw(true);

  constructor(dashboard: () => Dashboard, symbol: () => string) {
    this.#dashboard = dashboard;
    this.#symbol = symbol;
  }

  readonly row: Row | undefined = $derived.by(() => this.#dashboard().rows.get(this.#symbol()));
  readonly quote: Quote | undefined = $derived(this.row?.quote);
  readonly formats: Formats = $derived.by(() => this.#dashboard().formats);
  readonly unit: Unit | undefined = $derived(this.quote && this.formats.unit(this.quote));
  /** The price in the user's currency. */
  readonly mine: Converted | undefined = $derived.by(() => {
    const { settings, extras } = this.#dashboard();
    return this.quote && convert(this.quote, settings.preferences.currency, extras.rates);
  });
  /** Server time. Out of sight it moves only with the price: nobody sees the seconds there. */
  readonly #now: Timestamp = $derived.by(() => {
    void this.row;
    return this.#isNear ? this.#dashboard().serverNow : untrack(() => this.#dashboard().serverNow);
  });
  readonly freshness: Freshness | undefined = $derived.by(() => this.quote && freshnessOf(this.quote, this.#dashboard().link, this.#now));
  readonly age: AgeWords | undefined = $derived(this.quote && this.freshness && ageWords(this.quote, this.freshness, this.#now, this.formats));
  readonly flash: string = $derived(flashOf(this.row));

  /** To be attached to the element of the row. */
  get sight(): Attachment {
    return this.#dashboard().sight.of(this.#symbol(), (isNear) => {
      this.#isNear = isNear;
    });
  }

  inPrice = (value: Decimal): string => this.formats.price(value, this.quote?.price_hint ?? 2);

  /** The whole moment is worked out when somebody points at the age, not with every price. */
  tellMoment = (event: PointerEvent & { currentTarget: HTMLElement }): void => {
    const { quote } = this;
    if (quote && quote.as_of > 0) event.currentTarget.title = this.formats.moment(quote.as_of, quote.time_zone);
  };
}
