/** Host groups: what their VMs use, what a launch there is held to, and a way to launch. */

import { useQuery } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { Link } from "wouter";

import { client } from "../app/client.ts";
import { KEYS } from "../app/keys.ts";
import { Card } from "../ui/card.tsx";
import { ErrorNote } from "../ui/error-note.tsx";
import { bytes, count } from "../ui/figures.ts";
import { RowsLoading } from "../ui/page-loading.tsx";
import { type Column, Table } from "../ui/table.tsx";

type Group = Awaited<ReturnType<typeof client.host.groups>>[number];

export function GroupsCard() {
  const groups = useQuery({
    queryKey: KEYS.groups,
    queryFn: ({ signal }) => client.host.groups({ signal }),
  });
  return (
    <Card title="Host groups" flush>
      {groups.isPending && <RowsLoading rows={2} />}
      {groups.error && <ErrorNote error={groups.error} onRetry={() => void groups.refetch()} />}
      {groups.data && (
        <Table
          label="Host groups"
          columns={COLUMNS}
          rows={groups.data}
          keyOf={({ name }) => name}
          renderActions={({ name }) => <LaunchLink group={name} />}
        />
      )}
    </Card>
  );
}

const COLUMNS: readonly Column<Group>[] = [
  { name: "Group", cell: ({ name }) => <Link href={`/vms?group=${name}`}>{name}</Link> },
  {
    name: "VMs",
    kind: "number",
    cell: ({ use }) => (use.vms === 0 ? "none" : `${use.running} of ${use.vms} run`),
  },
  {
    name: "Promised",
    kind: "number",
    cell: ({ use }) => `${bytes(use.memoryBytes)}, ${count(use.vcpus, "vCPU")}`,
  },
  {
    name: "Each VM at most",
    cell: ({ limits }) => `${count(limits.vcpus, "vCPU")}, ${bytes(limits.memoryBytes)}`,
  },
  { name: "Still free", cell: ({ limits }) => bytes(limits.free.memoryBytes) },
  { name: "Image", cell: ({ image }) => image },
  { name: "Network", cell: ({ network }) => network },
];

function LaunchLink({ group }: { readonly group: string }) {
  return (
    <Link
      className="button button-plain"
      href={`/vms?launch=${group}`}
      aria-label={`Launch a VM of ${group}`}
    >
      <Plus size={15} aria-hidden />
      <span>Launch</span>
    </Link>
  );
}
