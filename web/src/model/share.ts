// Links to lists: what their owner has, and what whoever follows one is shown.

import { decodePrices, SOURCE_KINDS } from "./decode";
import { fields, items, label, moment, oneOf, text } from "./fields";
import type { Prices, SourceKind, Timestamp } from "./types";

/** The link to a list, as its owner is told. */
export interface Share {
  token: string;
  created_at: Timestamp;
  /** Where the same can be had as JSON and as text, on this origin. */
  json_path: string;
  text_path: string;
}

/** What a link shows. */
export interface SharedList {
  name: string;
  symbols: string[];
  kind: SourceKind;
  prices: Prices;
}

/** So long are the secrets in links: 32 bytes in hexadecimal digits. */
const ADDRESS = /^#\/shared\/([0-9a-f]{64})$/;

/** The token in an address of this page, which stands after the `#`: browsers tell that part to no server and to no other site. */
export function sharedTokenOf(hash: string): string | undefined {
  return ADDRESS.exec(hash)?.[1];
}

export function sharedAddress(token: string): string {
  return `#/shared/${token}`;
}

export function decodeShare(value: unknown): Share | undefined {
  const from = fields(value);
  const [token, json, plain] = [text(from?.token), text(from?.json_path), text(from?.text_path)];
  if (!from || !token || !json || !plain) return undefined;
  return { token, created_at: moment(from.created_at) ?? 0, json_path: json, text_path: plain };
}

export function decodeSharedList(value: unknown): SharedList | undefined {
  const from = fields(value);
  const prices = decodePrices(value);
  if (!from || !prices) return undefined;
  return {
    name: label(from.name) ?? "",
    symbols: [...new Set(items(from.symbols, text))],
    kind: oneOf(SOURCE_KINDS, fields(from.source)?.kind) ?? "unknown",
    prices,
  };
}
