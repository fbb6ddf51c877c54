/** Which VMs are selected, by id: a new VM with an old name is not. */

import { useCallback, useMemo, useState } from "react";

import type { VmAccount } from "../live/vm-account.ts";

export interface Selection {
  /** those of the list that are selected */
  readonly vms: readonly VmAccount[];
  readonly has: (id: string) => boolean;
  readonly toggle: (id: string) => void;
  readonly set: (ids: readonly string[]) => void;
}

/** @param list what can be selected: whatever leaves it is selected no more */
export function useSelection(list: readonly VmAccount[]): Selection {
  const [ids, setIds] = useState<ReadonlySet<string>>(() => new Set());
  const toggle = useCallback((id: string) => setIds((before) => toggled(before, id)), []);
  const set = useCallback((all: readonly string[]) => setIds(new Set(all)), []);
  const has = useCallback((id: string) => ids.has(id), [ids]);
  const vms = useMemo(() => list.filter(({ id }) => ids.has(id)), [list, ids]);
  return { vms, has, toggle, set };
}

function toggled(ids: ReadonlySet<string>, id: string): ReadonlySet<string> {
  const after = new Set(ids);
  if (!after.delete(id)) after.add(id);
  return after;
}
