/** What a VM used over the last hour. */

import { Card } from "../ui/card.tsx";
import { Chart, type ChartLine } from "../ui/chart.tsx";
import { LEAST_RATE, lastOf, type Values } from "../ui/chart-data.ts";
import { ErrorNote } from "../ui/error-note.tsx";
import { byteRate, bytes } from "../ui/figures.ts";
import type { Meters } from "./meters.ts";
import { useMeters } from "./use-meters.ts";
import "./vm-charts.css";
import type { VmState } from "./vm-state.ts";

const GROUP = "vm";
/** percents */
const LITTLE = 10;

export function VmCharts({ vm }: { readonly vm: VmState }) {
  const meters = useMeters(vm);
  const absence = meters.data && absenceOf(meters.data, vm);
  return (
    <Card title="Last hour">
      {meters.error && <ErrorNote error={meters.error} onRetry={() => void meters.refetch()} />}
      {absence === undefined ? (
        <Four meters={meters.data ?? NONE} vm={vm} />
      ) : (
        <p className="muted">{absence}</p>
      )}
    </Card>
  );
}

/** Why there is nothing to show, and will be nothing; `undefined`: there is, or will be. */
function absenceOf({ intervalMs, samples }: Meters, { phase }: VmState): string | undefined {
  if (intervalMs === 0) return "Nothing is measured: the daemon runs with ALCOVE_METER_SECONDS=0.";
  if (phase === "running" || samples.at.length > 0) return undefined;
  return `Nothing was measured: it is ${phase}. What it uses is shown here while it runs.`;
}

function Four({ meters, vm }: { readonly meters: Meters; readonly vm: VmState }) {
  const { intervalMs, samples } = meters;
  const common = { at: samples.at, intervalMs, group: GROUP };
  const total = lastOf(samples.memoryTotal) ?? vm.memoryBytes;
  const rates = { ...common, format: byteRate, unit: "binary" as const, least: LEAST_RATE };
  return (
    <div className="vm-charts">
      <Chart
        {...common}
        label="CPU"
        of={`of ${vm.vcpus * 100} %`}
        lines={[one(samples.cpu, "--chart-1")]}
        format={ofOne}
        least={0.1}
      />
      <Chart
        {...common}
        label="Memory"
        of={`of ${bytes(total)}`}
        lines={[one(samples.memoryUsed, "--chart-2")]}
        format={bytes}
        unit="binary"
        top={total}
      />
      <Chart
        {...rates}
        label="Disk"
        lines={[
          { label: "read", values: samples.diskRead, color: "--chart-3" },
          { label: "written", values: samples.diskWrite, color: "--chart-4" },
        ]}
      />
      <Chart
        {...rates}
        label="Network"
        lines={[
          { label: "in", values: samples.netIn, color: "--chart-2" },
          { label: "out", values: samples.netOut, color: "--chart-4" },
        ]}
      />
    </div>
  );
}

function one(values: Values, color: ChartLine["color"]): ChartLine {
  return { values, color };
}

/** "42 %" of one vCPU; little of it more exactly */
function ofOne(value: number): string {
  const percents = value * 100;
  const digits = percents > 0 && percents < LITTLE ? 1 : 0;
  return `${percents.toFixed(digits).replace(/\.0$/, "")} %`;
}

const NONE: Meters = {
  intervalMs: 1,
  samples: {
    at: [],
    cpu: [],
    memoryUsed: [],
    memoryTotal: [],
    diskUsed: [],
    diskTotal: [],
    diskRead: [],
    diskWrite: [],
    netIn: [],
    netOut: [],
  },
};
