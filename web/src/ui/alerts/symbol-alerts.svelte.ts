// The alerts of one symbol, as its chart and the list beside it show them, with the one that is being moved.

import { AlertsApi } from "../../api/alerts";
import { failureWords } from "../../api/failure";
import { RequestError } from "../../api/rest";
import { alertsTexts } from "../../messages/alerts";
import { checkWords, ruleWords } from "../../model/alert-words";
import { type Alert, type Level, levelsOf } from "../../model/alerts";
import { compareDecimals } from "../../model/decimal";
import { termsAt, withMoved } from "../../model/levels";
import type { Decimal } from "../../model/types";
import type { Dashboard } from "../dashboard.svelte";

/** An alert at a price that the server does not have yet. */
export interface Draft {
  id: string;
  price: Decimal;
}

export class SymbolAlertsState {
  all = $state.raw<readonly Alert[]>([]);
  draft = $state.raw<Draft>();
  /** While the server is told of a draft; there is no other one meanwhile. */
  saving = $state(false);
  readonly levels: readonly Level[] = $derived(withMoved(levelsOf(this.all), this.draft));
  readonly #dashboard: Dashboard;
  #symbol = "";

  constructor(dashboard: Dashboard) {
    this.#dashboard = dashboard;
  }

  /** Reads the alerts of a symbol. What fails is said on the page of alerts; a chart does without. */
  async load(symbol: string): Promise<void> {
    if (symbol !== this.#symbol) {
      this.all = [];
      this.draft = undefined;
    }
    this.#symbol = symbol;
    const all = await this.#dashboard.ask((rest) => new AlertsApi(rest).list()).catch(() => undefined);
    if (!all || symbol !== this.#symbol) return;
    this.all = all.filter((alert) => alert.symbol === symbol);
    // One that fired or was deleted meanwhile has no line to move.
    if (!this.levels.some(({ id }) => id === this.draft?.id)) this.draft = undefined;
  }

  /** Moves the line of an alert, without telling the server. */
  move(id: string, price: Decimal): void {
    if (this.saving || !this.levels.some((level) => level.id === id && level.movable)) return;
    this.draft = { id, price };
  }

  /** Lets the line go back to where the server has it. */
  cancel(): void {
    if (!this.saving) this.draft = undefined;
  }

  /** Changes the alert to where its line was moved. When that fails the line goes back, and the reason is said. */
  async save(hint: number): Promise<void> {
    const draft = this.draft;
    const alert = this.all.find(({ id }) => id === draft?.id);
    if (this.saving) return;
    if (!draft || !alert || compareDecimals(draft.price, alert.rule.price ?? "0") === 0) {
      this.draft = undefined;
      return;
    }
    await this.#replace(alert, draft.price, hint, true);
  }

  async #replace(alert: Alert, price: Decimal, hint: number, undoable: boolean): Promise<void> {
    const { t, formats, toasts } = this.#dashboard;
    const texts = alertsTexts(t.language);
    this.saving = true;
    try {
      const next = await this.#dashboard.ask((rest) => new AlertsApi(rest).replace(alert, termsAt(alert, price)));
      this.all = this.all.map((one) => (one.id === next.id ? next : one));
      const beyond = next.check.verdict === "beyond" ? `; ${checkWords(next.check, next.rule, texts, formats, hint)}` : "";
      const back = { label: texts.undo, run: () => void this.#replace(next, alert.rule.price ?? price, hint, false) };
      toasts.show({ text: `${texts.saved(alert.symbol)}: ${ruleWords(next.rule, texts, formats, hint)}${beyond}`, tone: "good", ...(undoable ? { action: back } : {}) });
    } catch (error) {
      const elsewhere = error instanceof RequestError && error.status === 412;
      const reason = elsewhere ? texts.changedElsewhere : failureWords(error, t);
      toasts.show({ text: texts.stays(formats.price(alert.rule.price ?? "0", hint), reason), tone: "bad" });
      if (error instanceof RequestError && (elsewhere || error.status === 404)) void this.load(alert.symbol);
    } finally {
      this.draft = undefined;
      this.saving = false;
    }
  }
}
