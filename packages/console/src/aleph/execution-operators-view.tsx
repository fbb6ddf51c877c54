/** What only the node's operator sees of an execution: what it has said, its history, its message. */

import type { AlephExecutionDetails, AlephRun } from "@alcove/sdk/browser/index.ts";

import { Card } from "../ui/card.tsx";
import { CopyButton } from "../ui/copy-button.tsx";
import { bytes, count } from "../ui/figures.ts";
import { RelativeTime } from "../ui/relative-time.tsx";
import { type Column, Table } from "../ui/table.tsx";
import { legible } from "../ui/visible.ts";
import "./execution-operators-view.css";
import { LogTail } from "./log-tail.tsx";

export function OperatorsView({ details }: { readonly details: AlephExecutionDetails }) {
  const { log, history, message, original } = details;
  const isAmended = JSON.stringify(message) !== JSON.stringify(original);
  return (
    <>
      <Card title="What it has said last" flush>
        <LogTail lines={log} />
      </Card>
      <Card title="History" flush>
        <Table label="History" columns={HISTORY} rows={history} keyOf={({ uuid }) => uuid} />
      </Card>
      <Message title={isAmended ? "Message, as it runs" : "Message"} content={message} />
      {isAmended && <Message title="Message, as published" content={original} />}
    </>
  );
}

const HISTORY: readonly Column<AlephRun>[] = [
  { name: "Taken on", cell: ({ times }) => <RelativeTime at={times.defined} /> },
  {
    name: "Started",
    cell: ({ times }) => (times.started ? <RelativeTime at={times.started} /> : "never"),
  },
  {
    name: "Ended",
    cell: ({ ended, times }) => (
      <>
        {ended ?? "–"} {times.stopped && <RelativeTime at={times.stopped} />}
      </>
    ),
  },
  {
    name: "Size",
    cell: ({ vcpus, memory_bytes: memory }) => `${count(vcpus, "vCPU")} · ${bytes(memory)}`,
  },
  { name: "Number", cell: ({ uuid }) => <span className="mono">{uuid}</span> },
];

function Message({
  title,
  content,
}: {
  readonly title: string;
  readonly content: Readonly<Record<string, unknown>>;
}) {
  const text = JSON.stringify(content, undefined, 2);
  return (
    <Card title={title} actions={<CopyButton text={text} label="Copy the message" />} flush>
      <pre className="execution-operators-view-message">{legible(text)}</pre>
    </Card>
  );
}
