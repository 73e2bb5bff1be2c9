// The lines of alerts on a chart: drawn by the library, and told where they are each time it draws, so that grips can lie over them.

import {
  type IChartApiBase,
  type IPriceLine,
  type IPrimitivePaneView,
  type ISeriesApi,
  type ISeriesPrimitive,
  LineStyle,
  type PrimitiveHoveredItem,
  type SeriesAttachedParameter,
  type SeriesType,
  type Time,
} from "lightweight-charts";
import type { Level } from "../../model/alerts";
import { nearestLevel } from "../../model/levels";

/** How far from a line the mouse still takes hold of it, in pixels. */
const REACH = 5;

export interface Line {
  id: string;
  /** Pixels from the top of the chart; outside of it when the price is out of sight. */
  y: number;
}

export class AlertLines implements ISeriesPrimitive<Time> {
  readonly #onDrawn: (lines: readonly Line[], height: number) => void;
  #levels: readonly Level[] = [];
  #lines = new Map<string, IPriceLine>();
  #movable: readonly Line[] = [];
  #drawn = "";
  #colour = "";
  #series: ISeriesApi<SeriesType, Time> | undefined;
  #chart: IChartApiBase<Time> | undefined;
  readonly #views: readonly IPrimitivePaneView[] = [{ renderer: () => ({ draw: () => this.#place() }) }];

  /** `onDrawn` is told the lines that can be moved, whenever they are elsewhere, and the height of the chart. */
  constructor(onDrawn: (lines: readonly Line[], height: number) => void) {
    this.#onDrawn = onDrawn;
  }

  attached({ series, chart }: SeriesAttachedParameter<Time>): void {
    this.#series = series;
    this.#chart = chart;
    // The lines go with the series that they were drawn on.
    this.#lines.clear();
    this.#draw();
  }

  paneViews(): readonly IPrimitivePaneView[] {
    return this.#views;
  }

  hitTest(_x: number, y: number): PrimitiveHoveredItem | null {
    const id = this.at(y);
    return id === undefined ? null : { cursorStyle: "ns-resize", externalId: id, zOrder: "top" };
  }

  /** The movable line at a height of the chart. */
  at(y: number): string | undefined {
    return nearestLevel(this.#movable, y, REACH);
  }

  show(levels: readonly Level[], colour: string): void {
    this.#levels = levels;
    this.#colour = colour;
    this.#draw();
  }

  #draw(): void {
    const series = this.#series;
    if (!series) return;
    for (const [id, line] of this.#lines) {
      if (this.#levels.some((level) => level.id === id)) continue;
      series.removePriceLine(line);
      this.#lines.delete(id);
    }
    for (const { id, price } of this.#levels) {
      const options = { price: Number(price), color: this.#colour, lineStyle: LineStyle.Dashed, lineWidth: 1, axisLabelVisible: true, title: "" } as const;
      const line = this.#lines.get(id);
      if (line) line.applyOptions(options);
      else this.#lines.set(id, series.createPriceLine(options));
    }
  }

  #place(): void {
    const series = this.#series;
    if (!series || !this.#chart) return;
    const { height } = this.#chart.paneSize();
    this.#movable = this.#levels.flatMap(({ id, price, movable }) => {
      const y = movable ? series.priceToCoordinate(Number(price)) : null;
      return y === null ? [] : [{ id, y }];
    });
    // It draws with every move of the pointer; who listens hears only of what changed.
    const drawn = JSON.stringify([this.#movable, height]);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    this.#onDrawn(this.#movable, height);
  }
}
