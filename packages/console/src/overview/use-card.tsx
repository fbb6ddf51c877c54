/** What the host uses now and used over the last hour. */

import { useQuery } from "@tanstack/react-query";

import { client } from "../app/client.ts";
import { KEYS } from "../app/keys.ts";
import { Card } from "../ui/card.tsx";
import { Chart } from "../ui/chart.tsx";
import { LEAST_RATE, lastOf } from "../ui/chart-data.ts";
import { ErrorNote } from "../ui/error-note.tsx";
import { byteRate, bytes, count, percent } from "../ui/figures.ts";
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
      {meters.error && <ErrorNote error={meters.error} onRetry={() => void meters.refetch()} />}
      {data?.intervalMs === 0 ? (
        <Unmeasured host={host} />
      ) : (
        <Measured meters={data ?? NONE} host={host} />
      )}
    </Card>
  );
}

interface MeasuredProps {
  readonly meters: Meters;
  readonly host: Host;
}

/** What changes by the second as it went, what does not as it is. */
function Measured({ meters: { intervalMs, samples }, host }: MeasuredProps) {
  const common = { at: samples.at, intervalMs, spark: true };
  const { cpus, memory } = host;
  const load = lastOf(samples.load);
  return (
    <div className="use-card">
      <Chart
        {...common}
        label="CPU"
        of={`of ${count(cpus.total, "processor")}${load === undefined ? "" : `, load ${load.toFixed(1)}`}`}
        lines={[{ values: samples.cpu, color: "--chart-1" }]}
        format={percent}
        top={1}
      />
      <Chart
        {...common}
        label="Memory"
        of={`of ${bytes(memory.total)}`}
        lines={[{ values: samples.memoryUsed, color: "--chart-2" }]}
        format={bytes}
        top={memory.total}
      />
      <Chart
        {...common}
        label="Network"
        lines={[
          { label: "in", values: samples.netIn, color: "--chart-2" },
          { label: "out", values: samples.netOut, color: "--chart-4" },
        ]}
        format={byteRate}
        unit="binary"
        least={LEAST_RATE}
      />
      <div className="use-card-bars">
        <PromisedBar host={host} />
        <DiskBar host={host} measured={lastOf(samples.diskUsed)} />
      </div>
    </div>
  );
}

/** As of when the page was opened. */
function Unmeasured({ host }: { readonly host: Host }) {
  const { used, total } = host.memory;
  return (
    <>
      <div className="use-card">
        <MeterBar label="Memory" value={used} total={total} text={of(used, total)} />
        <PromisedBar host={host} />
        <DiskBar host={host} measured={undefined} />
      </div>
      <p className="use-card-note muted">
        Nothing is measured over time: the daemon runs with ALCOVE_METER_SECONDS=0.
      </p>
    </>
  );
}

function PromisedBar({ host: { memory } }: { readonly host: Host }) {
  const { promised, total } = memory;
  return (
    <MeterBar
      label="Memory promised to VMs"
      value={promised}
      total={total}
      text={of(promised, total)}
    />
  );
}

interface DiskBarProps {
  readonly host: Host;
  /** in use, in bytes; newer than what is known of the host */
  readonly measured: number | undefined;
}

function DiskBar({ host: { disk }, measured }: DiskBarProps) {
  const used = measured ?? disk.total - disk.free;
  return <MeterBar label="Disk" value={used} total={disk.total} text={of(used, disk.total)} />;
}

function of(part: number, whole: number): string {
  return `${bytes(part)} of ${bytes(whole)}`;
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
