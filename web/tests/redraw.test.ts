import { beforeEach, describe, expect, test } from "vitest";
import { CATCH_UP_MS, FAR_ROWS_A_FRAME, Redraw, ROWS_A_FRAME } from "../src/ui/redraw";

describe("redraw", () => {
  let frames: (() => void)[];
  let timers: { callback: () => void; milliseconds: number }[];
  let drawn: { symbol: string; inSight: boolean }[];
  let redraw: Redraw;

  beforeEach(() => {
    frames = [];
    timers = [];
    drawn = [];
    redraw = new Redraw(
      {
        requestFrame: (callback) => frames.push(callback),
        timers: { set: (callback, milliseconds) => timers.push({ callback, milliseconds }), clear: () => {} },
      },
      (symbols, inSight) => drawn.push(...symbols.map((symbol) => ({ symbol, inSight }))),
    );
  });

  /** One frame; answers what was drawn in it. */
  function frame(): string[] {
    drawn = [];
    for (const callback of frames.splice(0)) callback();
    return drawn.map(({ symbol }) => symbol);
  }

  function many(count: number): string[] {
    return Array.from({ length: count }, (_, at) => `S${at}`);
  }

  test("however many messages come, one frame is asked for, and each row is drawn once", () => {
    redraw.changed(["A", "B"]);
    redraw.changed(["A"]);
    redraw.soon();
    expect(frames).toHaveLength(1);
    expect(frame()).toEqual(["A", "B"]);
    expect(frames).toHaveLength(0);
  });

  test("more rows than fit in a frame follow in the next ones", () => {
    redraw.changed(many(ROWS_A_FRAME + 1));
    expect(frame()).toHaveLength(ROWS_A_FRAME);
    expect(frame()).toEqual([`S${ROWS_A_FRAME}`]);
    expect(frames).toHaveLength(0);
  });

  test("a row out of sight is not drawn by a tick", () => {
    redraw.wentFar("FAR");
    redraw.changed(["FAR", "NEAR"]);
    expect(frame()).toEqual(["NEAR"]);
    expect(frames).toHaveLength(0);
  });

  test("a row out of sight that shows nothing yet does not wait", () => {
    redraw.wentFar("EMPTY");
    redraw.wentFar("FAR");
    redraw.changed(["EMPTY", "FAR"], (symbol) => symbol === "EMPTY");
    expect(frame()).toEqual(["EMPTY"]);
  });

  test("a row that comes near is drawn in the next frame, as one that nobody saw move", () => {
    redraw.wentFar("FAR");
    redraw.changed(["FAR"]);
    frame();
    redraw.cameNear("FAR");
    expect(frame()).toEqual(["FAR"]);
    expect(drawn).toEqual([{ symbol: "FAR", inSight: false }]);
  });

  test("a row that comes near and is not behind costs nothing", () => {
    redraw.wentFar("FAR");
    redraw.cameNear("FAR");
    redraw.cameNear("NEVER SEEN");
    expect(frames).toHaveLength(0);
  });

  test("rows out of sight catch up a little later, together and in parts", () => {
    const symbols = many(FAR_ROWS_A_FRAME + 3);
    for (const symbol of symbols) redraw.wentFar(symbol);
    redraw.changed(symbols);
    frame();
    redraw.changed(symbols);
    expect(frame()).toEqual([]);
    expect(timers.map(({ milliseconds }) => milliseconds)).toEqual([CATCH_UP_MS]);
    timers[0]?.callback();
    expect(frame()).toEqual(symbols.slice(0, FAR_ROWS_A_FRAME));
    expect(drawn.every(({ inSight }) => !inSight)).toBe(true);
    expect(frame()).toEqual(symbols.slice(FAR_ROWS_A_FRAME));
    expect(frames).toHaveLength(0);
  });

  test("after the rows have caught up, the next change waits its time again", () => {
    redraw.wentFar("FAR");
    redraw.changed(["FAR"]);
    frame();
    timers[0]?.callback();
    expect(frame()).toEqual(["FAR"]);
    redraw.changed(["FAR"]);
    expect(frame()).toEqual([]);
    expect(timers).toHaveLength(2);
  });

  test("what is in sight goes first while others catch up", () => {
    const far = many(FAR_ROWS_A_FRAME * 2);
    for (const symbol of far) redraw.wentFar(symbol);
    redraw.changed(far);
    frame();
    timers[0]?.callback();
    redraw.changed(["NEAR"]);
    expect(frame().at(0)).toBe("NEAR");
  });

  test("before the page is printed everything is drawn at once", () => {
    redraw.wentFar("FAR");
    redraw.changed(["FAR", "NEAR"]);
    redraw.all();
    expect(drawn).toEqual([
      { symbol: "NEAR", inSight: true },
      { symbol: "FAR", inSight: false },
    ]);
    expect(frame()).toEqual([]);
  });
});
