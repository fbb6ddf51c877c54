/** VMs as lists show them, kept current by the event stream. */

import { useQuery, type UseQueryResult } from "@tanstack/react-query";

import { client } from "../app/client.ts";
import { KEYS } from "../app/keys.ts";
import { withNews } from "./news.ts";
import type { VmAccount } from "./vm-account.ts";

/** Oldest first. */
export function useAccounts(): UseQueryResult<readonly VmAccount[]> {
  return useQuery({
    queryKey: KEYS.vms,
    queryFn: async ({ signal }) => {
      const since = performance.now();
      return withNews(await client.accounts({ memory: "none", signal }), since);
    },
  });
}
