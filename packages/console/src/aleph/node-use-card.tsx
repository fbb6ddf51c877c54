/** What the node has, and how much of it is taken. */

import { useQuery } from "@tanstack/react-query";

import type { AlephUsage } from "@alcove/sdk/browser/index.ts";

import { client } from "../app/client.ts";
import { KEYS } from "../app/keys.ts";
import { Card } from "../ui/card.tsx";
import { ErrorNote } from "../ui/error-note.tsx";
import { Facts } from "../ui/facts.tsx";
import { bytes } from "../ui/figures.ts";
import { MeterBar } from "../ui/meter-bar.tsx";
import { RowsLoading } from "../ui/page-loading.tsx";
import "./node-use-card.css";

/** a measurement: nothing announces that it has changed */
const AGAIN_MS = 15_000;
const MHZ = 1e6;

export function NodeUseCard() {
  const usage = useQuery({
    queryKey: KEYS.alephUsage,
    queryFn: ({ signal }) => client.aleph.usage({ signal }),
    refetchInterval: AGAIN_MS,
  });
  return (
    <Card title="Use, as the node tells everybody">
      {usage.isPending && <RowsLoading rows={6} />}
      {usage.error && !usage.data && (
        <ErrorNote error={usage.error} onRetry={() => void usage.refetch()} />
      )}
      {usage.data && <Use usage={usage.data} />}
    </Card>
  );
}

function Use({ usage }: { readonly usage: AlephUsage }) {
  const { cpu, memory, disk, gpus, load } = usage;
  const speed = cpu.frequency_hz > 0 ? ` at ${Math.round(cpu.frequency_hz / MHZ)} MHz` : "";
  return (
    <div className="node-use-card">
      <Taken label="Memory" {...memory} />
      <Taken label="Disk" {...disk} />
      <Facts
        rows={Object.entries({
          Load: <span className="number">{load.map((one) => one.toFixed(2)).join(" · ")}</span>,
          Processors: `${cpu.count} × ${cpu.model === "" ? cpu.vendor : cpu.model}${speed}`,
          Architecture: cpu.architecture,
          "Protects guests by":
            cpu.features.length > 0 ? cpu.features.join(", ") : "no feature of the processor",
          GPUs: gpus.length === 0 ? "none offered" : <Gpus gpus={gpus} />,
        })}
      />
    </div>
  );
}

function Taken({
  label,
  total,
  available,
}: {
  readonly label: string;
  readonly total: number;
  readonly available: number;
}) {
  const value = Math.max(0, total - available);
  return (
    <MeterBar
      label={label}
      value={value}
      total={total}
      text={`${bytes(value)} of ${bytes(total)}`}
    />
  );
}

function Gpus({ gpus }: { readonly gpus: AlephUsage["gpus"] }) {
  return (
    <ul>
      {gpus.map(({ model, pci_host, available }) => (
        <li key={pci_host}>
          {model} ({pci_host}): {available ? "free" : "in use"}
        </li>
      ))}
    </ul>
  );
}
