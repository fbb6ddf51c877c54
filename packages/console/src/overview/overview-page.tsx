/** The host at a glance: what it is, what it uses, what runs, what failed, what happened last. */

import { useQuery } from "@tanstack/react-query";

import { client } from "../app/client.ts";
import { KEYS } from "../app/keys.ts";
import { useAccounts } from "../live/accounts.ts";
import { ErrorNote } from "../ui/error-note.tsx";
import { PageLoading } from "../ui/page-loading.tsx";
import { Page } from "../ui/page.tsx";
import { EventsCard } from "./events-card.tsx";
import { FailedCard } from "./failed-card.tsx";
import { GroupsCard } from "./groups-card.tsx";
import { HostCard } from "./host-card.tsx";
import "./overview-page.css";
import { RunningCard } from "./running-card.tsx";
import { UseCard } from "./use-card.tsx";
import { WarningNotes } from "./warning-notes.tsx";

export function OverviewPage() {
  const host = useQuery({
    queryKey: KEYS.host,
    queryFn: ({ signal }) => client.host.state({ signal }),
  });
  const vms = useAccounts();
  if (host.isPending) return <PageLoading />;
  if (host.error) {
    return (
      <Page title="Overview">
        <ErrorNote error={host.error} onRetry={() => void host.refetch()} />
      </Page>
    );
  }
  return (
    <Page title="Overview" lead={host.data.hostname}>
      <WarningNotes warnings={host.data.warnings} />
      <div className="overview-page">
        <div className="overview-page-main">
          <UseCard host={host.data} />
          <RunningCard vms={vms} />
          <GroupsCard />
        </div>
        <div className="overview-page-side">
          <FailedCard vms={vms.data ?? []} />
          <EventsCard />
          <HostCard host={host.data} />
        </div>
      </div>
    </Page>
  );
}
