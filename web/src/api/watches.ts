// Symbols that are on screen without being on a list. The server forgets them with the connection, so they are told again on each.

/** Symbols of one `watch` message, at the most; the server takes no more. */
const MOST = 200;

export class Watches {
  readonly #send: (frame: object) => void;
  /** How many parts of the page watch a symbol. */
  readonly #watchers = new Map<string, number>();

  constructor(send: (frame: object) => void) {
    this.#send = send;
  }

  /** Watches symbols until what is answered is called. */
  watch(symbols: readonly string[]): () => void {
    const wanted = [...new Set(symbols)];
    const added = wanted.filter((symbol) => !this.#watchers.has(symbol));
    for (const symbol of wanted) this.#watchers.set(symbol, (this.#watchers.get(symbol) ?? 0) + 1);
    this.#tell("watch", added);
    let over = false;
    return () => {
      if (over) return;
      over = true;
      this.#release(wanted);
    };
  }

  /** On a new connection. */
  tellAll(): void {
    this.#tell("watch", [...this.#watchers.keys()]);
  }

  #release(symbols: readonly string[]): void {
    const gone: string[] = [];
    for (const symbol of symbols) {
      const left = (this.#watchers.get(symbol) ?? 0) - 1;
      if (left > 0) {
        this.#watchers.set(symbol, left);
      } else {
        this.#watchers.delete(symbol);
        gone.push(symbol);
      }
    }
    this.#tell("unwatch", gone);
  }

  #tell(action: "watch" | "unwatch", symbols: readonly string[]): void {
    for (let from = 0; from < symbols.length; from += MOST) this.#send({ action, symbols: symbols.slice(from, from + MOST) });
  }
}
