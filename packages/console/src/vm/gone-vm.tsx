/** A VM that is not there any more, or never was: what is still known of it. */

import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";

import { client } from "../app/client.ts";
import { KEYS } from "../app/keys.ts";
import { Card } from "../ui/card.tsx";
import { EmptyState } from "../ui/empty-state.tsx";
import { RowsLoading } from "../ui/page-loading.tsx";
import { Page } from "../ui/page.tsx";
import { Happenings } from "./happenings.tsx";

/** as many events as the daemon tells at once: its own are among them, if it was there lately */
const LOOKED_AT = 1_000;

export function GoneVm({ hostname }: { readonly hostname: string }) {
  const events = useQuery({
    queryKey: KEYS.goneVm(hostname),
    queryFn: async ({ signal }) => {
      const all = await client.recentEvents({ limit: LOOKED_AT, signal });
      return all.filter((event) => event.hostname === hostname);
    },
  });
  const list = <Link href="/vms">To the VMs that there are</Link>;
  if (events.isPending) return <RowsLoading />;
  const known = events.data ?? [];
  return (
    <Page title={hostname}>
      {known.length === 0 ? (
        <EmptyState title={`There is no VM ${hostname}`} action={list}>
          The name may be mistyped, or it was deleted a while ago.
        </EmptyState>
      ) : (
        <>
          <EmptyState title={`${hostname} is deleted`} action={list}>
            Its disk is gone with it. Commits of it, and VMs that were forked from it, stay.
          </EmptyState>
          <Card title="Its last events">
            <Happenings events={known} />
          </Card>
        </>
      )}
    </Page>
  );
}
