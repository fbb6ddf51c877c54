/** What the host uses now and used over the last hour. */

import { useQuery } from "@tanstack/react-query";

import { client } from "../app/client.ts";
import { KEYS } from "../app/keys.ts";
import { Card } from "../ui/card.tsx";
import { Chart } from "../ui/chart.tsx";
import { LEAST_RATE, lastOf } from "../ui/chart-data.ts";
import { ErrorNote } from "../ui/error-note.tsx";
import { bytes, count, percent } from "../ui/figures.ts";
import { MeterBar } from "../ui/meter-bar.tsx";
import type { Host } from "./host.ts";
import "./use-card.css";

type Meters = Awaited<ReturnType<typeof client.host.meters>>;

export function UseCard({ host }: { readonly host: Host }) {
  const meters = useQuery({
    queryKey: KEYS.hostMeters,
    queryFn: ({ signal }) => client.host.meters({ signal }),
  });
  const { data } = meters;
  return (
    <Card title="Use">
      <div className="use-card">
        <Bars host={host} meters={data} />
        {meters.error && <ErrorNote error={meters.error} onRetry={() => void meters.refetch()} />}
        {data?.intervalMs === 0 ? (
          <p className="muted">
            Nothing is measured over time: the daemon runs with ALCOVE_METER_SECONDS=0.
          </p>
        ) : (
          <Sparks meters={data ?? NONE} host={host} />
        )}
      </div>
    </Card>
  );
}

/** Now: of what is measured the newest, else as of when the page was opened. */
function Bars({ host, meters }: { readonly host: Host; readonly meters: Meters | undefined }) {
  const { cpus, memory, disk } = host;
  const samples = meters?.samples ?? NONE.samples;
  const cpu = lastOf(samples.cpu);
  const used = lastOf(samples.memoryUsed) ?? memory.used;
  const onDisk = lastOf(samples.diskUsed) ?? disk.total - disk.free;
  return (
    <div className="use-card-bars">
      <MeterBar
        label="CPU"
        value={cpu ?? 0}
        total={1}
        text={`${cpu === undefined ? "–" : percent(cpu)} of ${count(cpus.total, "processor")}`}
      />
      <MeterBar label="Memory" value={used} total={memory.total} text={of(used, memory.total)} />
      <MeterBar label="Disk" value={onDisk} total={disk.total} text={of(onDisk, disk.total)} />
      <MeterBar
        label="Promised to VMs"
        value={memory.promised}
        total={memory.total}
        text={of(memory.promised, memory.total)}
      />
    </div>
  );
}

function of(part: number, whole: number): string {
  return `${bytes(part)} of ${bytes(whole)}`;
}

function Sparks({ meters, host }: { readonly meters: Meters; readonly host: Host }) {
  const { intervalMs, samples } = meters;
  const common = { at: samples.at, intervalMs, spark: true };
  return (
    <div className="use-card-sparks">
      <Chart
        {...common}
        label="CPU"
        lines={[{ values: samples.cpu, color: "--chart-1" }]}
        format={percent}
        top={1}
      />
      <Chart
        {...common}
        label="Memory"
        lines={[{ values: samples.memoryUsed, color: "--chart-2" }]}
        format={bytes}
        top={host.memory.total}
      />
      <Chart
        {...common}
        label="Network"
        lines={[
          { label: "in", values: samples.netIn, color: "--chart-2" },
          { label: "out", values: samples.netOut, color: "--chart-4" },
        ]}
        format={rate}
        least={LEAST_RATE}
      />
      <Chart
        {...common}
        label="Load"
        lines={[{ values: samples.load, color: "--chart-3" }]}
        format={load}
        least={host.cpus.total}
      />
    </div>
  );
}

function rate(value: number): string {
  return `${bytes(value)}/s`;
}

function load(value: number): string {
  return value.toFixed(2);
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
    netIn: [],
    netOut: [],
    load: [],
  },
};
