/**
 * A chart of the last while, with what it says as text above it: the values now, or those under the pointer. Charts
 * with the same `group` show the same moment.
 */

import { useEffect, useRef, useState } from "react";
import "uplot/dist/uPlot.min.css";

import "./chart.css";
import { type Gapped, type Unit, type Values, lastOf, mostOf, withGaps } from "./chart-data.ts";
import { Plot } from "./plot.ts";

export interface ChartLine {
  /** absent: the chart's own label says it */
  readonly label?: string;
  readonly values: Values;
  readonly color: `--${string}`;
}

export interface ChartProps {
  readonly label: string;
  /** ms since the epoch */
  readonly at: readonly number[];
  readonly intervalMs: number;
  readonly lines: readonly ChartLine[];
  readonly format: (value: number) => string;
  /** top of the axis at least; default: what the values need */
  readonly least?: number;
  /** top of the axis, whatever the values are */
  readonly top?: number;
  /** what the axis counts in; default: decimal */
  readonly unit?: Unit;
  /** what the values are a part of, said after them: "of 8 GiB" */
  readonly of?: string;
  readonly group?: string;
  /** a line alone, without axes */
  readonly spark?: boolean;
}

export function Chart(props: ChartProps) {
  const { label, at, lines, intervalMs, format, of, spark = false } = props;
  const gapped = withGaps(
    at,
    lines.map(({ values }) => values),
    intervalMs,
  );
  const { place, moment } = usePlot(props, gapped);
  const shown = lines.map((line, index) => ({ ...line, values: gapped.lines[index] ?? [] }));
  return (
    <figure
      className={spark ? "chart chart-spark" : "chart"}
      aria-label={inWords(label, shown, format)}
    >
      <figcaption className="chart-words">
        <span className="chart-label">{label}</span>
        <span className="chart-values number">
          {shown.map((line) => (
            <Value key={line.label ?? label} line={line} moment={moment} format={format} />
          ))}
          {of !== undefined && <span className="muted">{of}</span>}
        </span>
      </figcaption>
      <div ref={place} className="chart-place" aria-hidden />
    </figure>
  );
}

/** Draws into `place`; `moment` is the sample under the pointer. */
function usePlot(props: ChartProps, gapped: Gapped) {
  const { lines, format, spark = false, least, top, unit = "decimal", group } = props;
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot>(undefined);
  const [moment, setMoment] = useState<number>();
  const colors = lines.map(({ color }) => color).join();
  useEffect(() => {
    const element = place.current;
    if (!element) return undefined;
    const made = new Plot(element, {
      colors: colors.split(","),
      format,
      spark,
      unit,
      onMoment: setMoment,
      ...(least === undefined ? {} : { least }),
      ...(top === undefined ? {} : { top }),
      ...(group === undefined ? {} : { group }),
    });
    plot.current = made;
    return () => made.end();
  }, [colors, format, spark, least, top, unit, group]);
  useEffect(() => plot.current?.show(gapped));
  return { place, moment };
}

interface ValueProps {
  readonly line: ChartLine;
  readonly moment: number | undefined;
  readonly format: (value: number) => string;
}

function Value({ line, moment, format }: ValueProps) {
  const { label, values, color } = line;
  return (
    <span className="chart-value">
      {label !== undefined && <Swatch color={color} />}
      {label !== undefined && `${label} `}
      {text(moment === undefined ? lastOf(values) : values[moment], format)}
    </span>
  );
}

function Swatch({ color }: { readonly color: string }) {
  return <span className="chart-swatch" style={{ background: `var(${color})` }} aria-hidden />;
}

function text(value: number | null | undefined, format: (value: number) => string): string {
  return value === null || value === undefined ? "–" : format(value);
}

/** For who does not see it. */
function inWords(
  label: string,
  lines: readonly ChartLine[],
  format: (value: number) => string,
): string {
  const parts = lines.map(({ label: name, values }) => {
    const now = `now ${text(lastOf(values), format)}, at most ${text(mostOf(values), format)}`;
    return name === undefined ? now : `${name} ${now}`;
  });
  return `${label} over the last hour: ${parts.join("; ")}`;
}
