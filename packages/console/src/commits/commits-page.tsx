/** Commits: disks of stopped VMs that were kept, for others to begin with. */

import { useQuery } from "@tanstack/react-query";

import { client } from "../app/client.ts";
import { KEYS } from "../app/keys.ts";
import { useAccounts } from "../live/accounts.ts";
import { Card } from "../ui/card.tsx";
import { CommandLine } from "../ui/command-line.tsx";
import { EmptyState } from "../ui/empty-state.tsx";
import { ErrorNote } from "../ui/error-note.tsx";
import { RowsLoading } from "../ui/page-loading.tsx";
import { Page } from "../ui/page.tsx";
import { CommitTable } from "./commit-table.tsx";
import { asTree } from "./commits.ts";

export function CommitsPage() {
  const commits = useQuery({
    queryKey: KEYS.commits,
    queryFn: ({ signal }) => client.commits.list({ signal }),
  });
  const accounts = useAccounts();
  const error = commits.error ?? accounts.error;
  const retry = () => void Promise.all([commits.refetch(), accounts.refetch()]);
  const rows = commits.data && accounts.data ? asTree(commits.data, accounts.data) : undefined;
  return (
    <Page
      title="Commits"
      lead="Disks of stopped VMs, kept as they were. VMs that are forked from one begin with it, and share what they do not change."
    >
      {error && <ErrorNote error={error} onRetry={retry} />}
      {!error && rows?.length !== 0 && (
        <Card title="Commits" flush>
          {rows ? <CommitTable rows={rows} /> : <RowsLoading rows={4} />}
        </Card>
      )}
      {!error && rows?.length === 0 && <NoCommits />}
    </Page>
  );
}

function NoCommits() {
  return (
    <EmptyState title="There are no commits yet">
      <p>
        Launch a persistent VM, set it up as you like, shut it down, and commit its disk on its
        page; or on the command line:
      </p>
      <CommandLine command="alcove vm commit NAME" />
    </EmptyState>
  );
}
