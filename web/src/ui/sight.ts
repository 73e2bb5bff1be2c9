// Which rows of the board are in sight or nearly so.

import type { Attachment } from "svelte/attachments";
import type { Redraw } from "./redraw";

/** Rows so near are drawn too, so that none is behind when it is scrolled to. */
const MARGIN = "25% 0px";

export class Sight {
  readonly #redraw: Redraw;
  /** One for all rows: each calls back only when it crosses the edge. */
  #observer: IntersectionObserver | undefined;
  readonly #told = new WeakMap<Element, (isNear: boolean) => void>();

  constructor(redraw: Redraw) {
    this.#redraw = redraw;
  }

  /** To be attached to the element that shows `symbol`. Tells when it comes near what is in sight and when it goes. */
  of(symbol: string, tell: (isNear: boolean) => void): Attachment {
    return (element) => {
      this.#observer ??= new IntersectionObserver((entries) => this.#crossed(entries), { rootMargin: MARGIN });
      this.#told.set(element, (isNear) => {
        if (isNear) this.#redraw.cameNear(symbol);
        else this.#redraw.wentFar(symbol);
        tell(isNear);
      });
      this.#observer.observe(element);
      return () => {
        this.#observer?.unobserve(element);
        this.#told.delete(element);
        this.#redraw.cameNear(symbol);
      };
    };
  }

  #crossed(entries: readonly IntersectionObserverEntry[]): void {
    for (const { target, isIntersecting } of entries) this.#told.get(target)?.(isIntersecting);
  }
}
