// Which rows are drawn when. What is in sight is drawn in the next frame; what is out of sight waits until it comes near, or
// for a moment later, so that a tick costs a long list only what can be seen of it.

import type { Timers } from "../api/ports";

/** A row out of sight is behind by no more than this and the frames its turn takes: a screen reader may read it there. */
export const CATCH_UP_MS = 12_000;
/** The page stays responsive while a tick brings more than this. */
export const ROWS_A_FRAME = 100;
/** Nobody sees them, so they take little of a frame. */
export const FAR_ROWS_A_FRAME = 25;

export interface RedrawPorts {
  timers: Timers;
  requestFrame(callback: () => void): void;
}

/** Draws these rows; `inSight` is false for those that nobody saw change. At times there is none. */
export type Draw = (symbols: readonly string[], inSight: boolean) => void;

export class Redraw {
  readonly #ports: RedrawPorts;
  readonly #draw: Draw;
  readonly #far = new Set<string>();
  /** Rows that changed in sight. */
  readonly #due = new Set<string>();
  /** Rows that changed out of sight. */
  readonly #behind = new Set<string>();
  /** Those of them that came near since: they did not just move, somebody just looks. */
  readonly #returning = new Set<string>();
  #frameIsRequested = false;
  #isCatchingUp = false;
  #catchUp: number | undefined;

  constructor(ports: RedrawPorts, draw: Draw) {
    this.#ports = ports;
    this.#draw = draw;
  }

  /** These rows are to be drawn again. One that shows nothing yet does not wait: it may be larger when it does. */
  changed(symbols: readonly string[], showsNothing: (symbol: string) => boolean = () => false): void {
    for (const symbol of symbols) (this.#far.has(symbol) && !showsNothing(symbol) ? this.#behind : this.#due).add(symbol);
    this.soon();
  }

  /** Asks for a frame, whatever is to be drawn in it. */
  soon(): void {
    if (this.#frameIsRequested) return;
    this.#frameIsRequested = true;
    this.#ports.requestFrame(() => {
      this.#frameIsRequested = false;
      this.#frame();
    });
  }

  /** The row is out of sight, and not near it. */
  wentFar(symbol: string): void {
    this.#far.add(symbol);
  }

  /** The row is in sight or about to be, or is not on the page any more. */
  cameNear(symbol: string): void {
    this.#far.delete(symbol);
    if (!this.#behind.delete(symbol)) return;
    this.#returning.add(symbol);
    this.soon();
  }

  /** Draws at once all that is behind, as before the page is printed. */
  all(): void {
    this.#take(this.#due, Infinity, true);
    this.#take(this.#returning, Infinity, false);
    this.#take(this.#behind, Infinity, false);
  }

  #frame(): void {
    this.#take(this.#returning, Infinity, false);
    this.#take(this.#due, ROWS_A_FRAME, true);
    if (this.#due.size > 0) return this.soon();
    if (this.#isCatchingUp) this.#take(this.#behind, FAR_ROWS_A_FRAME, false);
    this.#isCatchingUp &&= this.#behind.size > 0;
    if (this.#isCatchingUp) this.soon();
    else if (this.#behind.size > 0) this.#catchUpLater();
  }

  #take(from: Set<string>, atMost: number, inSight: boolean): void {
    const symbols: string[] = [];
    for (const symbol of from) {
      if (symbols.length >= atMost) break;
      from.delete(symbol);
      symbols.push(symbol);
    }
    this.#draw(symbols, inSight);
  }

  #catchUpLater(): void {
    this.#catchUp ??= this.#ports.timers.set(() => {
      this.#catchUp = undefined;
      this.#isCatchingUp = true;
      this.soon();
    }, CATCH_UP_MS);
  }
}
