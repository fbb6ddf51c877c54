/** The filter of the page's address. */

import { useCallback, useMemo } from "react";
import { useSearchParams } from "wouter";

import { filterIn, queryOf, type VmFilter } from "./vm-filter.ts";

/** What is typed replaces the address, so that going back leaves the page and does not untype. */
export function useVmFilter(): readonly [VmFilter, (change: Partial<VmFilter>) => void] {
  const [query, setQuery] = useSearchParams();
  const filter = useMemo(() => filterIn(query), [query]);
  const change = useCallback(
    (part: Partial<VmFilter>) =>
      setQuery((before) => queryOf({ ...filterIn(before), ...part }), { replace: true }),
    [setQuery],
  );
  return [filter, change];
}
