/** A chart's canvas: sized by its place, coloured by the theme. */

import uPlot from "uplot";

import { clock, type Gapped, roundTop, type Unit } from "./chart-data.ts";
import { THEME_CHANGED, token } from "./tokens.ts";

export interface PlotOptions {
  /** tokens, one a line */
  readonly colors: readonly string[];
  readonly format: (value: number) => string;
  readonly spark: boolean;
  readonly least?: number;
  readonly top?: number;
  readonly unit: Unit;
  readonly group?: string;
  /** told which sample is under the pointer; `undefined`: none */
  readonly onMoment: (index: number | undefined) => void;
}

const HEIGHT = 140;
const SPARK_HEIGHT = 44;
const HOUR_MS = 3_600_000;
/** a chart that has just begun is not a dot at its right edge */
const LEAST_MS = 5 * 60_000;
const SPARK_LEAST_MS = 60_000;
/** the highest line does not touch the top */
const ROOM = 1.05;
const DARK = "(prefers-color-scheme: dark)";

export class Plot {
  readonly #plot: uPlot;
  readonly #place: HTMLElement;
  readonly #sizes: ResizeObserver;
  readonly #scheme = matchMedia(DARK);
  readonly #repaint = () => this.#plot.redraw(false);

  constructor(place: HTMLElement, options: PlotOptions) {
    this.#place = place;
    this.#plot = new uPlot(settingsOf(place, options), undefined, place);
    this.#sizes = new ResizeObserver(() => this.#fit());
    this.#sizes.observe(place);
    document.addEventListener(THEME_CHANGED, this.#repaint);
    this.#scheme.addEventListener("change", this.#repaint);
  }

  /** Draws unless it shows just that: samples never change, so the same times are the same samples. */
  show({ at, lines }: Gapped): void {
    const shown = this.#plot.data[0];
    const isShown = shown?.length === at.length && shown[0] === at[0] && shown.at(-1) === at.at(-1);
    if (isShown && at.length > 0) return;
    this.#plot.setData([[...at], ...lines.map((values) => [...values])]);
  }

  end(): void {
    this.#sizes.disconnect();
    document.removeEventListener(THEME_CHANGED, this.#repaint);
    this.#scheme.removeEventListener("change", this.#repaint);
    this.#plot.destroy();
  }

  #fit(): void {
    const width = this.#place.clientWidth;
    if (width > 0 && width !== this.#plot.width) {
      this.#plot.setSize({ width, height: this.#plot.height });
    }
  }
}

function settingsOf(place: HTMLElement, options: PlotOptions): uPlot.Options {
  const { colors, spark, least = 0, top, unit, group, onMoment } = options;
  const highest = (most: number) => top ?? roundTop(Math.max(least, most * ROOM), unit);
  return {
    width: place.clientWidth,
    height: spark ? SPARK_HEIGHT : HEIGHT,
    ms: 1,
    legend: { show: false },
    padding: spark ? [2, 0, 2, 0] : [8, 18, 0, 0],
    series: [{}, ...colors.map((color) => line(color, colors.length === 1))],
    scales: {
      x: { time: true, range: (_, first, last) => span(first, last, spark) },
      y: { range: (_, _least, most) => [0, highest(most)] },
    },
    axes: spark ? [{ show: false }, { show: false }] : axesOf(options),
    cursor: {
      show: !spark,
      y: false,
      points: { size: 6 },
      drag: { x: false, y: false },
      ...(group === undefined ? {} : { sync: { key: group, setSeries: false } }),
    },
    hooks: { setCursor: [({ cursor }) => onMoment(cursor.idx ?? undefined)] },
  };
}

function span(first: number | null, last: number | null, spark: boolean): [number, number] {
  const end = last ?? Date.now();
  const least = spark ? SPARK_LEAST_MS : LEAST_MS;
  const begin = Math.max(end - HOUR_MS, Math.min(first ?? end, end - least));
  return [begin, end];
}

function line(color: string, filled: boolean): uPlot.Series {
  const stroke = () => colorOf(color);
  return {
    stroke,
    width: 1.5,
    points: { show: false },
    spanGaps: false,
    ...(filled ? { fill: () => `color-mix(in srgb, ${colorOf(color)} 12%, transparent)` } : {}),
  };
}

function axesOf({ format }: PlotOptions): uPlot.Axis[] {
  const common: uPlot.Axis = {
    stroke: () => colorOf("--text-3"),
    font: `11px ${colorOf("--font")}`,
    ticks: { show: false },
    grid: { stroke: () => colorOf("--chart-grid"), width: 1 },
  };
  const x: uPlot.Axis = {
    ...common,
    grid: { show: false },
    size: 26,
    gap: 4,
    space: 64,
    values: (_, times) => times.map(clock),
  };
  const y: uPlot.Axis = {
    ...common,
    size: 68,
    gap: 6,
    // Its end is a number, too: a chart without its maximum says little.
    splits: (_, __, least, most) => [least, (least + most) / 2, most],
    values: (_, values) => values.map(format),
  };
  return [x, y];
}

function colorOf(name: string): string {
  return token(`--${name.replace(/^--/, "")}`);
}
