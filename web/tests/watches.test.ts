import { expect, it } from "vitest";
import { Watches } from "../src/api/watches";

function recorded(): { watches: Watches; sent: object[] } {
  const sent: object[] = [];
  return { watches: new Watches((frame) => sent.push(frame)), sent };
}

it("a symbol is watched once, until the last one who watches it ends", () => {
  const { watches, sent } = recorded();
  const first = watches.watch(["AAPL", "AAPL", "MSFT"]);
  const second = watches.watch(["AAPL"]);
  first();
  first();
  expect(sent).toEqual([
    { action: "watch", symbols: ["AAPL", "MSFT"] },
    { action: "unwatch", symbols: ["MSFT"] },
  ]);
  second();
  expect(sent.at(-1)).toEqual({ action: "unwatch", symbols: ["AAPL"] });
});

it("a new connection is told everything, no more than the server takes at once", () => {
  const { watches, sent } = recorded();
  watches.watch(Array.from({ length: 250 }, (_, index) => `S${index}`));
  sent.length = 0;
  watches.tellAll();
  expect(sent.map((frame) => (frame as { symbols: string[] }).symbols.length)).toEqual([200, 50]);
});

it("nothing is sent when nothing is watched", () => {
  const { watches, sent } = recorded();
  watches.tellAll();
  watches.watch([])();
  expect(sent).toEqual([]);
});
