/** One VM: what it is, what can be done with it, and a tab for each way to look into it. */

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "wouter";

import { AlcoveApiError } from "@alcove/sdk/browser/index.ts";

import { client } from "../app/client.ts";
import { KEYS } from "../app/keys.ts";
import type { PageParams } from "../app/page-params.ts";
import type { VmAccount } from "../live/vm-account.ts";
import { Badge } from "../ui/badge.tsx";
import { ErrorNote } from "../ui/error-note.tsx";
import { PageLoading } from "../ui/page-loading.tsx";
import { Page } from "../ui/page.tsx";
import { PhaseBadge } from "../ui/phase-badge.tsx";
import { legible } from "../ui/visible.ts";
import { GoneVm } from "./gone-vm.tsx";
import { progressOf } from "./vm-actions.ts";
import { VmButtons } from "./vm-buttons.tsx";
import "./vm-page.css";
import type { VmState } from "./vm-state.ts";
import { labelOf, VmTabs } from "./vm-tabs.tsx";

export function VmPage({ params }: { readonly params: PageParams }) {
  const { hostname = "", tab = "overview" } = params;
  const queries = useQueryClient();
  const vm = useQuery({
    queryKey: KEYS.vm(hostname),
    queryFn: ({ signal }) => {
      const known = queries.getQueryData<readonly VmAccount[]>(KEYS.vms);
      const group = known?.find((it) => it.hostname === hostname)?.group ?? "";
      return client.vms.attach(group, hostname).account({ signal });
    },
  });
  if (isGone(vm.error)) return <GoneVm hostname={hostname} />;
  if (vm.data) return <Frame key={hostname} vm={vm.data} tab={tab} />;
  if (!vm.error) return <PageLoading />;
  return (
    <Page title={hostname}>
      <ErrorNote error={vm.error} onRetry={() => void vm.refetch()} />
    </Page>
  );
}

function Frame({ vm, tab }: { readonly vm: VmState; readonly tab: string }) {
  return (
    <Page
      title={vm.hostname}
      part={labelOf(tab)}
      beside={<Beside vm={vm} />}
      lead={<Link href={`/vms?group=${vm.group}`}>{`VMs of ${vm.group}`}</Link>}
      actions={<VmButtons vm={vm} />}
    >
      <Notes vm={vm} />
      <VmTabs vm={vm} current={tab} />
    </Page>
  );
}

function Beside({ vm }: { readonly vm: VmState }) {
  return (
    <>
      {vm.friendlyName !== undefined && <span className="muted">{vm.friendlyName}</span>}
      <PhaseBadge phase={vm.phase} />
      {vm.phase === "running" && (
        <Badge tone={vm.ready ? "good" : "busy"}>{vm.ready ? "ready" : "agent not ready"}</Badge>
      )}
    </>
  );
}

/** What is under way, and why it is as it is. The place is kept, so that nothing below jumps. */
function Notes({ vm }: { readonly vm: VmState }) {
  const progress = progressOf(vm);
  const { reason } = vm;
  if (progress === undefined && reason === undefined) return null;
  return (
    <div
      className={vm.phase === "failed" ? "vm-page-note vm-page-failed" : "vm-page-note"}
      role="status"
    >
      {progress !== undefined && <p>{progress}</p>}
      {reason !== undefined && <p>{legible(reason)}</p>}
    </div>
  );
}

function isGone(error: Error | null): boolean {
  return error instanceof AlcoveApiError && error.status === 404;
}
