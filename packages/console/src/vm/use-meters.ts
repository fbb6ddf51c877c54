/** A VM's meters, kept current while its page is looked at. */

import { type UseQueryResult, useQuery, useQueryClient } from "@tanstack/react-query";

import { client } from "../app/client.ts";
import { KEYS } from "../app/keys.ts";
import type { VmAccount } from "../live/vm-account.ts";
import { joined, type Meters } from "./meters.ts";

const EVERY_MS = 5_000;

export function useMeters({ group, hostname, id, phase }: VmAccount): UseQueryResult<Meters> {
  const queries = useQueryClient();
  const queryKey = [...KEYS.vmMeters(hostname), id]; // a name may go to another VM
  return useQuery({
    queryKey,
    queryFn: async ({ signal }) => {
      const old = queries.getQueryData<Meters>(queryKey);
      const after = old?.samples.at.at(-1);
      const vm = client.vms.attach(group, hostname);
      const more = await vm.meters({ signal, ...(after === undefined ? {} : { after }) });
      return old ? joined(old, more) : more;
    },
    // Nothing is measured of a VM that does not run, and nobody looks at a page that is hidden.
    refetchInterval: phase === "running" ? EVERY_MS : false,
    refetchOnMount: "always",
  });
}
