/** An execution in names and values. */

import type { ReactNode } from "react";

import type { AlephExecution, AlephExecutionDetails } from "@alcove/sdk/browser/index.ts";

import { Card } from "../ui/card.tsx";
import { CopyButton } from "../ui/copy-button.tsx";
import { Facts } from "../ui/facts.tsx";
import { bytes, count } from "../ui/figures.ts";
import { RelativeTime } from "../ui/relative-time.tsx";
import { visible } from "../ui/visible.ts";
import "./execution-facts.css";
import { portWords, typeWords } from "./execution-words.ts";

type Rows = Readonly<Record<string, ReactNode>>;

export function PublicFacts({
  execution,
  details,
}: {
  readonly execution: AlephExecution;
  readonly details: AlephExecutionDetails | undefined;
}) {
  return (
    <>
      <Card title="Execution">
        <Facts
          rows={Object.entries({ ...runRows(execution), ...(details && ownerRows(details)) })}
        />
      </Card>
      <Card title="Network">
        <Facts rows={Object.entries(networkRows(execution))} />
      </Card>
    </>
  );
}

function runRows({ hash, type, vcpus, memory_bytes: memory, times }: AlephExecution): Rows {
  return {
    "Item hash": <Copied text={hash} what="the hash" />,
    Kind: typeWords(type),
    Size: `${count(vcpus, "vCPU")}, ${bytes(memory)} of memory`,
    "Taken on": <RelativeTime at={times.defined} />,
    Started: times.started && <RelativeTime at={times.started} />,
    Stopped: times.stopped && <RelativeTime at={times.stopped} />,
  };
}

function ownerRows(details: AlephExecutionDetails): Rows {
  const { owner, sender, payment, gpus, confidential, ended, task } = details;
  const by = payment.chain === undefined ? "" : ` on ${payment.chain}`;
  return {
    Owner: <Copied text={owner} what="the owner's address" />,
    "Sent by": sender === owner ? undefined : <Copied text={sender} what="the sender's address" />,
    "Paid by": `${payment.type}${by}`,
    "Kept running": details.persistent ? "until somebody stops it" : "while it is called",
    Expires: details.expires_at && new Date(details.expires_at).toLocaleString(),
    "Ended by": ended,
    "Under way": task,
    Confidential: confidential,
    GPUs: gpus.length > 0 ? gpus.join(", ") : undefined,
  };
}

function networkRows({ network, ports }: AlephExecution): Rows {
  const { ipv4, ipv4_network, ipv6, ipv6_network, host_ipv4: host } = network;
  return {
    IPv4: <Address address={ipv4} within={ipv4_network} />,
    IPv6: <Address address={ipv6} within={ipv6_network} />,
    Host: <span className="mono">{host}</span>,
    Ports: ports.length === 0 ? "none of the host's lead to it" : <Ports ports={ports} />,
  };
}

function Ports({ ports }: Pick<AlephExecution, "ports">) {
  return (
    <ul>
      {ports.map((port) => (
        <li key={port.vm_port} className="number">
          {portWords(port)}
        </li>
      ))}
    </ul>
  );
}

function Address({ address, within }: { readonly address: string; readonly within: string }) {
  return (
    <>
      <span className="mono">{address}</span> <span className="muted small">in {within}</span>
    </>
  );
}

function Copied({ text, what }: { readonly text: string; readonly what: string }) {
  return (
    <span className="execution-facts-copied">
      <span className="mono">{visible(text)}</span>
      <CopyButton text={text} label={`Copy ${what}`} />
    </span>
  );
}
