// Reads edits that were kept on disk; another version of the page may have written them.

import { fields, number, text } from "./fields";
import type { Edit } from "./picks";

export function decodeEdit(value: unknown): { list: string; edit: Edit } | undefined {
  const list = text(fields(value)?.list);
  const from = fields(fields(value)?.edit);
  const edit = from && editIn(from.kind, from);
  return list && edit ? { list, edit } : undefined;
}

function editIn(kind: unknown, from: Record<string, unknown>): Edit | undefined {
  const symbol = text(from.symbol);
  const at = number(from.at);
  switch (kind) {
    case "add":
      return symbol ? { kind, symbol, ...(at === undefined ? {} : { at }) } : undefined;
    case "remove":
      return symbol ? { kind, symbol } : undefined;
    case "note":
      return symbol && typeof from.text === "string" ? { kind, symbol, text: from.text } : undefined;
    case "rename": {
      const name = text(from.name);
      return name ? { kind, name } : undefined;
    }
    case "arrange":
      return Array.isArray(from.symbols) ? { kind, symbols: from.symbols.filter((one) => typeof one === "string") } : undefined;
    default:
      return undefined;
  }
}
