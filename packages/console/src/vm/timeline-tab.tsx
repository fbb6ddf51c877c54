/** A VM's life: every change of its phase, with its reason and how long it lasted. */

import { useInfiniteQuery } from "@tanstack/react-query";

import { client } from "../app/client.ts";
import { KEYS } from "../app/keys.ts";
import { Button } from "../ui/button.tsx";
import { Card } from "../ui/card.tsx";
import { ErrorNote } from "../ui/error-note.tsx";
import { RowsLoading } from "../ui/page-loading.tsx";
import { Happenings } from "./happenings.tsx";
import type { VmState } from "./vm-state.ts";

const A_PAGE = 100;
/** events begin at 1: before none is before all */
const NEWEST = 0;

export function TimelineTab({ vm }: { readonly vm: VmState }) {
  const { group, hostname } = vm;
  const events = useInfiniteQuery({
    queryKey: KEYS.vmEvents(hostname),
    initialPageParam: NEWEST,
    queryFn: ({ pageParam: before, signal }) =>
      client.vms.attach(group, hostname).timeline({
        limit: A_PAGE,
        signal,
        ...(before === NEWEST ? {} : { before }),
      }),
    getNextPageParam: (page) => (page.length < A_PAGE ? undefined : page.at(-1)?.id),
  });
  if (events.isPending) return <RowsLoading />;
  if (events.error) return <ErrorNote error={events.error} onRetry={() => void events.refetch()} />;
  return (
    <Card title="Timeline">
      <Happenings events={events.data.pages.flat()} />
      {events.hasNextPage && (
        <Button busy={events.isFetchingNextPage} onClick={() => void events.fetchNextPage()}>
          Show older events
        </Button>
      )}
    </Card>
  );
}
