/** What the node runs and has run: what its public lists tell everybody. */

import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";

import type { AlephExecution } from "@alcove/sdk/browser/index.ts";

import { client } from "../app/client.ts";
import { KEYS } from "../app/keys.ts";
import { Card } from "../ui/card.tsx";
import { EmptyState } from "../ui/empty-state.tsx";
import { ErrorNote } from "../ui/error-note.tsx";
import { Select, TextField } from "../ui/field.tsx";
import { bytes, count } from "../ui/figures.ts";
import { RowsLoading } from "../ui/page-loading.tsx";
import { RelativeTime } from "../ui/relative-time.tsx";
import { type Column, Table } from "../ui/table.tsx";
import { matching, portWords, shortHash, type Shown, typeWords } from "./execution-words.ts";
import "./executions-card.css";
import { StateBadge } from "./state-badge.tsx";

export function ExecutionsCard() {
  const list = useQuery({
    queryKey: KEYS.alephExecutions,
    queryFn: ({ signal }) => client.aleph.executions({ signal }),
  });
  return (
    <Card
      title="Executions"
      actions={<span className="muted small">{list.data && `${list.data.length} known`}</span>}
      flush
    >
      {list.isPending && <RowsLoading rows={5} />}
      {list.error && <ErrorNote error={list.error} onRetry={() => void list.refetch()} />}
      {list.data?.length === 0 && (
        <EmptyState title="Nothing runs here yet">
          Somebody publishes an instance and notifies this node, or a scheduler allocates it here;
          then it is listed.
        </EmptyState>
      )}
      {list.data !== undefined && list.data.length > 0 && <Found executions={list.data} />}
    </Card>
  );
}

const SHOWN: readonly Shown[] = ["all", "running", "ended"];

function Found({ executions }: { readonly executions: readonly AlephExecution[] }) {
  const [text, setText] = useState("");
  const [shown, setShown] = useState<Shown>("all");
  const found = matching(executions, { shown, text });
  return (
    <>
      <div className="executions-card-filter">
        <TextField
          label="Find"
          type="search"
          placeholder="Hash, kind, address or port"
          value={text}
          onChange={({ target }) => setText(target.value)}
        />
        <Select
          label="Show"
          value={shown}
          onChange={({ target }) => setShown(SHOWN.find((it) => it === target.value) ?? "all")}
        >
          <option value="all">All that are known</option>
          <option value="running">Wanted now</option>
          <option value="ended">Ended</option>
        </Select>
      </div>
      {found.length === 0 ? (
        <p className="executions-card-none muted">No execution is like that.</p>
      ) : (
        <Table label="Executions" columns={COLUMNS} rows={found} keyOf={({ hash }) => hash} />
      )}
    </>
  );
}

const COLUMNS: readonly Column<AlephExecution>[] = [
  {
    name: "Execution",
    cell: ({ hash }) => (
      <Link href={`/aleph/${hash}`} className="mono" title={hash}>
        {shortHash(hash)}
      </Link>
    ),
  },
  { name: "State", cell: ({ state }) => <StateBadge state={state} /> },
  { name: "Kind", cell: ({ type }) => typeWords(type) },
  {
    name: "Size",
    cell: ({ vcpus, memory_bytes: memory }) => `${count(vcpus, "vCPU")} · ${bytes(memory)}`,
  },
  { name: "Address", cell: ({ network }) => <span className="mono">{network.ipv4}</span> },
  {
    name: "Ports",
    cell: ({ ports }) => (ports.length === 0 ? "–" : ports.map(portWords).join(", ")),
  },
  {
    name: "Since",
    cell: ({ times }) => <RelativeTime at={times.stopped ?? times.started ?? times.defined} />,
  },
];
