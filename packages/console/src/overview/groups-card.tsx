/** Host groups: what their VMs use, what a launch there is held to, and a way to launch. */

import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { Link } from "wouter";

import { client } from "../app/client.ts";
import { KEYS } from "../app/keys.ts";
import { Button } from "../ui/button.tsx";
import { Card } from "../ui/card.tsx";
import { ErrorNote } from "../ui/error-note.tsx";
import { bytes, count } from "../ui/figures.ts";
import { RowsLoading } from "../ui/page-loading.tsx";
import { type Column, Table } from "../ui/table.tsx";
import "./groups-card.css";
import { LaunchButton } from "./launch-button.tsx";

/** most hosts have fewer */
const SHOWN = 8;

type Group = Awaited<ReturnType<typeof client.host.groups>>[number];

export function useGroups(): UseQueryResult<readonly Group[]> {
  return useQuery({
    queryKey: KEYS.groups,
    queryFn: ({ signal }) => client.host.groups({ signal }),
  });
}

interface GroupsCardProps {
  readonly groups: ReturnType<typeof useGroups>;
}

export function GroupsCard({ groups }: GroupsCardProps) {
  const [isWhole, setWhole] = useState(false);
  const all = groups.data ?? [];
  const shown = isWhole ? all : all.slice(0, SHOWN);
  return (
    <Card title="Host groups" flush>
      {groups.isPending && <RowsLoading rows={2} />}
      {groups.error && <ErrorNote error={groups.error} onRetry={() => void groups.refetch()} />}
      {groups.data && (
        <Table
          label="Host groups"
          columns={COLUMNS}
          rows={shown}
          keyOf={({ name }) => name}
          renderActions={({ name }) => <LaunchButton group={name} />}
        />
      )}
      {shown.length < all.length && (
        <div className="groups-card-more">
          <Button onClick={() => setWhole(true)}>{`Show all ${all.length} groups`}</Button>
        </div>
      )}
    </Card>
  );
}

const COLUMNS: readonly Column<Group>[] = [
  {
    name: "Group",
    cell: ({ name, image, network }) => (
      <Two
        first={<Link href={`/vms?group=${name}`}>{name}</Link>}
      >{`${image}, ${NETWORKS[network]}`}</Two>
    ),
  },
  {
    name: "VMs",
    cell: ({ use }) => (
      <Two first={use.vms === 0 ? "none" : `${use.running} of ${use.vms} running`}>
        {use.vms === 0
          ? "nothing promised"
          : `${bytes(use.memoryBytes)}, ${count(use.vcpus, "vCPU")} promised`}
      </Two>
    ),
  },
  {
    name: "A launch",
    cell: ({ limits }) => (
      <Two first={`up to ${count(limits.vcpus, "vCPU")}, ${bytes(limits.memoryBytes)}`}>
        {limits.free.memoryBytes < limits.memoryMinBytes || limits.free.vms === 0
          ? "there is no room now"
          : `${bytes(limits.free.memoryBytes)} free on the host`}
      </Two>
    ),
  },
];

const NETWORKS: Readonly<Record<Group["network"], string>> = {
  none: "no network",
  user: "user network",
  bridge: "bridge",
  isolated: "isolated",
  routed: "routed",
};

function Two({ first, children }: { readonly first: ReactNode; readonly children: ReactNode }) {
  return (
    <span className="groups-card-two">
      <span>{first}</span>
      <span className="muted small">{children}</span>
    </span>
  );
}
