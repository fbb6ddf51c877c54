/** What happened last, as it happens. */

import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import { Link } from "wouter";

import { client } from "../app/client.ts";
import { KEYS } from "../app/keys.ts";
import { vmAddress } from "../app/vm-address.ts";
import { Card } from "../ui/card.tsx";
import { EmptyState } from "../ui/empty-state.tsx";
import { ErrorNote } from "../ui/error-note.tsx";
import { RowsLoading } from "../ui/page-loading.tsx";
import { RelativeTime } from "../ui/relative-time.tsx";
import { visible } from "../ui/visible.ts";
import { wordsOf } from "../vm/happening-words.ts";
import type { VmHappening } from "../vm/vm-state.ts";
import "./events-card.css";

const FETCHED = 50;
const SHOWN = 14;

export function useLastEvents(): UseQueryResult<readonly VmHappening[]> {
  return useQuery({
    queryKey: KEYS.events,
    queryFn: ({ signal }) => client.recentEvents({ limit: FETCHED, signal }),
  });
}

interface EventsCardProps {
  readonly events: ReturnType<typeof useLastEvents>;
}

export function EventsCard({ events }: EventsCardProps) {
  return (
    <Card title="Last events">
      {events.isPending && <RowsLoading rows={SHOWN} />}
      {events.error && <ErrorNote error={events.error} onRetry={() => void events.refetch()} />}
      {events.data?.length === 0 && (
        <EmptyState title="Nothing has happened yet">
          Each change of a VM's phase appears here, with its reason.
        </EmptyState>
      )}
      <ol className="events-card">
        {events.data?.slice(0, SHOWN).map((event) => (
          <Row key={event.id} event={event} />
        ))}
      </ol>
    </Card>
  );
}

function Row({ event }: { readonly event: VmHappening }) {
  const { hostname, at } = event;
  const reason = event.reason === undefined ? undefined : visible(event.reason);
  return (
    <li>
      <Link href={vmAddress(hostname)}>{hostname}</Link>
      <span className="events-card-what" title={reason}>
        {wordsOf(event)}
        {reason !== undefined && <span className="muted">{`: ${reason}`}</span>}
      </span>
      <span className="muted small">
        <RelativeTime at={at} bare />
      </span>
    </li>
  );
}
