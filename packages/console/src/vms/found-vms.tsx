/** The VMs that pass the filter of the page's address, and what may be done with those that are selected. */

import { useMemo } from "react";

import type { VmAccount } from "../live/vm-account.ts";
import { Button } from "../ui/button.tsx";
import { EmptyState } from "../ui/empty-state.tsx";
import { BulkBar } from "./bulk-bar.tsx";
import { FilterBar } from "./filter-bar.tsx";
import "./found-vms.css";
import { useSelection } from "./use-selection.ts";
import { useVmFilter } from "./use-vm-filter.ts";
import { chosen, NO_FILTER } from "./vm-filter.ts";
import { VmTable } from "./vm-table.tsx";

export function FoundVms({ vms }: { readonly vms: readonly VmAccount[] }) {
  const [filter, change] = useVmFilter();
  const shown = useMemo(() => chosen(vms, filter), [vms, filter]);
  const selection = useSelection(shown);
  return (
    <div className="found-vms">
      <FilterBar vms={vms} shown={shown.length} filter={filter} onChange={change} />
      {shown.length === 0 ? (
        <EmptyState
          title="No VM is like that"
          action={<Button onClick={() => change(NO_FILTER)}>Show all VMs</Button>}
        >
          None of the {vms.length} passes the filter.
        </EmptyState>
      ) : (
        <VmTable vms={shown} selection={selection} filter={filter} onSort={change} />
      )}
      <BulkBar selection={selection} />
    </div>
  );
}
