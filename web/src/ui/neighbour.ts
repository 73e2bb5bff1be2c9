// Which card or row an arrow key goes to.

/** Cards stand in columns, as many as share the first one's height on the page; rows of a table in one. */
export function neighbourOf(items: readonly HTMLElement[], current: HTMLElement, key: string): HTMLElement | undefined {
  const at = items.indexOf(current);
  if (at < 0) return undefined;
  const top = items[0]?.getBoundingClientRect().top ?? 0;
  const columns = Math.max(1, items.filter((item) => Math.abs(item.getBoundingClientRect().top - top) < 1).length);
  switch (key) {
    case "ArrowRight":
      return items[at + 1];
    case "ArrowLeft":
      return items[at - 1];
    case "ArrowDown":
      return items[at + columns];
    case "ArrowUp":
      return items[at - columns];
    case "Home":
      return items[0];
    case "End":
      return items.at(-1);
    default:
      return undefined;
  }
}
