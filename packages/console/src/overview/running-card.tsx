/** How many VMs there are, by phase; before the first, how to make one. */

import type { UseQueryResult } from "@tanstack/react-query";
import { Link } from "wouter";

import type { VmAccount } from "../live/vm-account.ts";
import { Card } from "../ui/card.tsx";
import { EmptyState } from "../ui/empty-state.tsx";
import { ErrorNote } from "../ui/error-note.tsx";
import { RowsLoading } from "../ui/page-loading.tsx";
import { PhaseBadge } from "../ui/phase-badge.tsx";
import { LaunchButton } from "./launch-button.tsx";
import { phasesOf } from "./phases.ts";
import "./running-card.css";

export function RunningCard({ vms }: { readonly vms: UseQueryResult<readonly VmAccount[]> }) {
  return (
    <Card title="VMs" actions={<Link href="/vms">All VMs</Link>}>
      <Content vms={vms} />
    </Card>
  );
}

function Content({ vms }: { readonly vms: UseQueryResult<readonly VmAccount[]> }) {
  if (vms.isPending) return <RowsLoading rows={2} />;
  if (vms.error) return <ErrorNote error={vms.error} onRetry={() => void vms.refetch()} />;
  if (vms.data.length === 0) {
    return (
      <EmptyState title="No VMs yet" action={<LaunchButton />}>
        Launch one: it is there within seconds, with terminals in this browser.
      </EmptyState>
    );
  }
  return (
    <ul className="running-card">
      {phasesOf(vms.data).map(({ phase, vms: number }) => (
        <li key={phase}>
          <Link href={`/vms?phase=${phase}`}>
            <span className="running-card-number number">{number} </span>
            <PhaseBadge phase={phase} />
          </Link>
        </li>
      ))}
    </ul>
  );
}
