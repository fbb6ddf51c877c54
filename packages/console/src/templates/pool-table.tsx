/** Pools: machines that are made ahead and wait for VMs. */

import { bytes } from "../ui/figures.ts";
import { type Column, Table } from "../ui/table.tsx";
import type { Pool } from "./templates.ts";

const COLUMNS: readonly Column<Pool>[] = [
  {
    name: "Host group",
    cell: ({ group, problem }) => (
      <>
        <strong>{group}</strong>
        {problem !== undefined && <div className="field-error">{problem}</div>}
      </>
    ),
  },
  {
    name: "Waiting",
    kind: "number",
    cell: ({ waiting, size, making }) =>
      `${waiting} of ${size}${making > 0 ? `, ${making} being made` : ""}`,
  },
  { name: "In memory", kind: "number", cell: ({ memoryBytes }) => bytes(memoryBytes) },
  { name: "VMs served", kind: "number", cell: ({ claimed }) => claimed },
  {
    name: "VMs not served",
    kind: "number",
    cell: ({ misses }) => <span title="VMs that could have been, had one waited">{misses}</span>,
  },
];

export function PoolTable({ pools }: { readonly pools: readonly Pool[] }) {
  return <Table label="Pools" columns={COLUMNS} rows={pools} keyOf={({ group }) => group} />;
}
