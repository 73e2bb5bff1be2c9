// The drawing of prices over time: lightweight-charts, with our colours, formats and marks. Loaded when a chart is first shown.

import {
  AreaSeries,
  CandlestickSeries,
  ColorType,
  createChart,
  createSeriesMarkers,
  CrosshairMode,
  HistogramSeries,
  type IChartApi,
  type ISeriesApi,
  type ISeriesMarkersPluginApi,
  type SeriesMarker,
  TickMarkType,
  type Time,
  type UTCTimestamp,
} from "lightweight-charts";
import type { Level } from "../../model/alerts";
import { type Candle, isIntraday } from "../../model/candles";
import type { AxisLabel, Formats } from "../../model/format";
import type { History } from "../../model/history";
import type { EventMarks } from "../../model/marks";
import { AlertLines, type Line } from "./alert-lines";
import { decimalOf } from "./digits";

export type ChartKind = "line" | "candles";

/** How prices are written. A function, because the instrument's decimals may be known only after the chart is there. */
export interface PriceFormat {
  formats: Formats;
  hint: () => number;
}

export interface ChartTexts {
  dividendMark: string;
  splitMark: (ratio: string) => string;
}

const TICK_LABELS: Readonly<Record<TickMarkType, AxisLabel>> = {
  [TickMarkType.Year]: "year",
  [TickMarkType.Month]: "month",
  [TickMarkType.DayOfMonth]: "day",
  [TickMarkType.Time]: "time",
  [TickMarkType.TimeWithSeconds]: "time",
};
/** Who is told what happens on a chart. */
export interface ChartEvents {
  /** The candle under the pointer, and `undefined` when there is none. */
  onPointed: (candle: Candle | undefined) => void;
  /** Where the lines are that can be moved, and the height of the chart, in pixels. */
  onLines: (lines: readonly Line[], height: number) => void;
}

/** The part of the height that volume takes at the bottom. */
const VOLUME_SHARE = 0.2;

type PriceSeries = ISeriesApi<"Area"> | ISeriesApi<"Candlestick">;

export class PriceChart {
  readonly #chart: IChartApi;
  readonly #formats: Formats;
  readonly #volume: ISeriesApi<"Histogram">;
  readonly #watcher: MutationObserver;
  readonly #systemShade = window.matchMedia("(prefers-color-scheme: dark)");
  readonly #recolour = (): void => this.#colour();
  #kind: ChartKind;
  #prices: PriceSeries;
  #marks: ISeriesMarkersPluginApi<Time>;
  #marked: SeriesMarker<Time>[] = [];
  #candles: readonly Candle[] = [];
  readonly #lines: AlertLines;
  #levels: readonly Level[] = [];

  constructor(container: HTMLElement, kind: ChartKind, { formats, hint }: PriceFormat, { onPointed, onLines }: ChartEvents) {
    this.#formats = formats;
    this.#kind = kind;
    this.#chart = createChart(container, {
      autoSize: true,
      // The library would add a style element, which the content security policy forbids; the view names it instead.
      layout: { attributionLogo: false },
      crosshair: { mode: CrosshairMode.Magnet },
      handleScroll: { vertTouchDrag: false },
      localization: { priceFormatter: (price: number) => formats.price(decimalOf(price, hint()), hint()) },
      timeScale: { secondsVisible: false, tickMarkFormatter: (time: Time, type: TickMarkType) => formats.axis(Number(time) * 1000, TICK_LABELS[type]) },
    });
    this.#volume = this.#chart.addSeries(HistogramSeries, {
      priceFormat: { type: "custom", minMove: 1, formatter: (value: number) => formats.compact(value) },
      priceScaleId: "volume",
      lastValueVisible: false,
      priceLineVisible: false,
    });
    this.#chart.priceScale("volume").applyOptions({ scaleMargins: { top: 1 - VOLUME_SHARE, bottom: 0 } });
    this.#lines = new AlertLines(onLines);
    this.#prices = this.#addPrices();
    this.#marks = createSeriesMarkers(this.#prices, []);
    this.#colour();
    this.#chart.subscribeCrosshairMove(({ time }) => onPointed(time === undefined ? undefined : this.#candles.find((candle) => candle.time === Number(time))));
    // Themes and the colours of up and down are attributes of the page.
    this.#watcher = new MutationObserver(this.#recolour);
    this.#watcher.observe(document.documentElement, { attributes: true });
    this.#systemShade.addEventListener("change", this.#recolour);
  }

  /** Draws another history, from its first bar to its last. */
  show(candles: readonly Candle[], history: History, marks: EventMarks, texts: ChartTexts): void {
    this.#candles = candles;
    const label: AxisLabel = isIntraday(history.interval) ? "moment" : "date";
    this.#chart.applyOptions({
      localization: { timeFormatter: (time: Time) => this.#formats.axis(Number(time) * 1000, label) },
      timeScale: { timeVisible: isIntraday(history.interval) },
    });
    this.#marked = markersOf(marks, texts);
    this.#redraw();
    this.#chart.timeScale().fitContent();
  }

  /** Moves the last candle, or appends one. */
  update(candles: readonly Candle[]): void {
    this.#candles = candles;
    const last = candles.at(-1);
    if (!last) return;
    const colours = coloursNow();
    this.#prices.update(this.#kind === "candles" ? candleOf(last) : valueOf(last));
    if (last.volume !== undefined) this.#volume.update(volumeOf(last, colours));
  }

  setKind(kind: ChartKind): void {
    if (kind === this.#kind) return;
    this.#kind = kind;
    this.#marks.detach();
    this.#chart.removeSeries(this.#prices);
    this.#prices = this.#addPrices();
    this.#marks = createSeriesMarkers(this.#prices, []);
    this.#colour();
  }

  /** Draws a line at each price that an alert waits for. */
  setLevels(levels: readonly Level[]): void {
    this.#levels = levels;
    this.#lines.show(levels, coloursNow().accent);
  }

  /** The movable line under a point of the container, in pixels from its top left. */
  lineAt(x: number, y: number): string | undefined {
    return x >= 0 && x <= this.#chart.paneSize().width ? this.#lines.at(y) : undefined;
  }

  /** The price at a height of the container, also beyond what is in sight. */
  priceAt(y: number): number | undefined {
    return this.#prices.coordinateToPrice(y) ?? undefined;
  }

  remove(): void {
    this.#watcher.disconnect();
    this.#systemShade.removeEventListener("change", this.#recolour);
    this.#chart.remove();
  }

  #addPrices(): PriceSeries {
    const series =
      this.#kind === "candles"
        ? this.#chart.addSeries(CandlestickSeries, { borderVisible: false })
        : this.#chart.addSeries(AreaSeries, { lineWidth: 2 });
    series.attachPrimitive(this.#lines);
    return series;
  }

  #redraw(): void {
    const colours = coloursNow();
    this.#lines.show(this.#levels, colours.accent);
    this.#prices.setData(this.#kind === "candles" ? this.#candles.map(candleOf) : this.#candles.map(valueOf));
    this.#volume.setData(this.#candles.filter(({ volume }) => volume !== undefined).map((candle) => volumeOf(candle, colours)));
    this.#marks.setMarkers(this.#marked.map((mark) => ({ ...mark, color: colours.accent })));
  }

  #colour(): void {
    const { up, down, accent, soft, line } = coloursNow();
    this.#chart.applyOptions({
      layout: { background: { type: ColorType.Solid, color: "transparent" }, textColor: soft, fontFamily: getComputedStyle(document.body).fontFamily },
      grid: { vertLines: { color: line }, horzLines: { color: line } },
      rightPriceScale: { borderColor: line },
      timeScale: { borderColor: line },
    });
    if (this.#kind === "candles") {
      this.#prices.applyOptions({ upColor: up, downColor: down, wickUpColor: up, wickDownColor: down });
    } else {
      this.#prices.applyOptions({ lineColor: accent, topColor: `${accent}40`, bottomColor: `${accent}05` });
    }
    this.#redraw();
  }
}

interface Colours {
  up: string;
  down: string;
  accent: string;
  soft: string;
  line: string;
}

/** The page's own colours: a canvas does not follow the style sheet by itself. They have to be `#rrggbb`. */
function coloursNow(): Colours {
  const style = getComputedStyle(document.documentElement);
  const named = (name: keyof Colours): string => style.getPropertyValue(`--${name}`).trim();
  return { up: named("up"), down: named("down"), accent: named("accent"), soft: named("soft"), line: named("line") };
}

function at(time: number): UTCTimestamp {
  return time as UTCTimestamp;
}

function candleOf({ time, open, high, low, close }: Candle): { time: UTCTimestamp; open: number; high: number; low: number; close: number } {
  return { time: at(time), open, high, low, close };
}

function valueOf({ time, close }: Candle): { time: UTCTimestamp; value: number } {
  return { time: at(time), value: close };
}

function volumeOf({ time, open, close, volume }: Candle, { up, down }: Colours): { time: UTCTimestamp; value: number; color: string } {
  return { time: at(time), value: volume ?? 0, color: `${close < open ? down : up}4d` };
}

/** The marks as the library draws them; without a letter they are smaller. */
function markersOf({ marks }: EventMarks, texts: ChartTexts): SeriesMarker<Time>[] {
  return marks.map(({ time, split, letter }) =>
    split
      ? { time: at(time), position: "aboveBar", shape: "square", color: "", text: texts.splitMark(`${split.numerator}:${split.denominator}`) }
      : { time: at(time), position: "belowBar", shape: "circle", color: "", ...(letter ? { text: texts.dividendMark } : { size: 0.6 }) },
  );
}
