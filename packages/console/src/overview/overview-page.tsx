/** The host at a glance: what it is, what it uses, what runs, what failed, what happened last. */

import { useQuery } from "@tanstack/react-query";

import { client } from "../app/client.ts";
import { KEYS } from "../app/keys.ts";
import { useAccounts } from "../live/accounts.ts";
import { ErrorNote } from "../ui/error-note.tsx";
import { PageLoading } from "../ui/page-loading.tsx";
import { Page } from "../ui/page.tsx";
import { EventsCard, useLastEvents } from "./events-card.tsx";
import { FailedCard } from "./failed-card.tsx";
import { GroupsCard, useGroups } from "./groups-card.tsx";
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
  const events = useLastEvents();
  const groups = useGroups();
  // All are a moment's work for the daemon; shown one by one they would push each other about.
  if ([host, vms, events, groups].some(({ isLoading }) => isLoading)) return <PageLoading />;
  if (!host.data) return <NoOverview error={host.error} onRetry={() => void host.refetch()} />;
  return (
    <Page title="Overview" lead={host.data.hostname}>
      <WarningNotes warnings={host.data.warnings} />
      <div className="overview-page">
        <div className="overview-page-main">
          <UseCard host={host.data} />
          <RunningCard vms={vms} />
          <GroupsCard groups={groups} />
        </div>
        <div className="overview-page-news">
          <FailedCard vms={vms.data ?? []} />
          <EventsCard events={events} />
        </div>
        <HostCard host={host.data} />
      </div>
    </Page>
  );
}

interface NoOverviewProps {
  readonly error: Error | null;
  readonly onRetry: () => void;
}

function NoOverview({ error, onRetry }: NoOverviewProps) {
  if (!error) return <PageLoading />;
  return (
    <Page title="Overview">
      <ErrorNote error={error} onRetry={onRetry} />
    </Page>
  );
}
