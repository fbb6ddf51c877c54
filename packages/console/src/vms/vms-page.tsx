/** All VMs: found, sorted, selected, launched and ended. */

import { Plus } from "lucide-react";
import { useState } from "react";

import { useAccounts } from "../live/accounts.ts";
import { Button } from "../ui/button.tsx";
import { CommandLine } from "../ui/command-line.tsx";
import { EmptyState } from "../ui/empty-state.tsx";
import { ErrorNote } from "../ui/error-note.tsx";
import { RowsLoading } from "../ui/page-loading.tsx";
import { Page } from "../ui/page.tsx";
import { FoundVms } from "./found-vms.tsx";
import { LaunchDialog } from "./launch-dialog.tsx";

export function VmsPage() {
  const vms = useAccounts();
  const [isLaunching, setLaunching] = useState(false);
  const launch = (
    <Button kind="primary" icon={Plus} onClick={() => setLaunching(true)}>
      Launch VM
    </Button>
  );
  const isEmpty = vms.data?.length === 0;
  return (
    <Page title="VMs" actions={isEmpty ? undefined : launch}>
      {vms.isPending && <RowsLoading rows={12} />}
      {vms.error && <ErrorNote error={vms.error} onRetry={() => void vms.refetch()} />}
      {isEmpty && (
        <EmptyState title="No VMs yet" action={launch}>
          <p>Launch one: it is there within seconds, with a terminal, files and a console.</p>
          <p>Or from a shell of this host:</p>
          <CommandLine command="alcove vm launch" />
        </EmptyState>
      )}
      {vms.data && !isEmpty && <FoundVms vms={vms.data} />}
      {isLaunching && <LaunchDialog onClose={() => setLaunching(false)} />}
    </Page>
  );
}
