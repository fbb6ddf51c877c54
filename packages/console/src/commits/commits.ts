/** What the host says of commits, and how they belong together: a commit, the VMs made of it, and their commits. */

import type { AlcoveClient } from "@alcove/sdk/browser/index.ts";

export type Commit = Awaited<ReturnType<AlcoveClient["commits"]["list"]>>[number];
type Account = Awaited<ReturnType<AlcoveClient["accounts"]>>[number];

/** What of a VM tells where it came from. */
export type Descent = Pick<Account, "hostname" | "origin" | "createdAt">;

export interface CommitRow {
  readonly commit: Commit;
  /** how many commits it stands on, as far as the VMs between them still exist */
  readonly depth: number;
  /** whether the VM that it was made of exists */
  readonly hasSource: boolean;
  /** host names of the VMs that were made of it and exist */
  readonly children: readonly string[];
}

/** Every commit right below the one that its source came from; oldest first otherwise. */
export function asTree(
  commits: readonly Commit[],
  accounts: readonly Descent[],
): readonly CommitRow[] {
  const byName = new Map(accounts.map((account) => [account.hostname, account]));
  // Names are given again: a VM that is younger than the commit is another one, perhaps made of this very commit.
  const sourceOf = ({ sourceHostname, createdAt }: Commit) => {
    const found = byName.get(sourceHostname);
    return found && Date.parse(found.createdAt) <= Date.parse(createdAt) ? found : undefined;
  };
  const parentOf = (commit: Commit) => sourceOf(commit)?.origin.commit;
  const known = new Set(commits.map(({ commitId }) => commitId));
  const rows: CommitRow[] = [];
  const add = (commit: Commit, depth: number): void => {
    const { commitId } = commit;
    const made = accounts.filter(({ origin }) => origin.commit === commitId);
    const children = made.map(({ hostname }) => hostname);
    rows.push({ commit, depth, hasSource: sourceOf(commit) !== undefined, children });
    for (const next of commits) if (parentOf(next) === commitId) add(next, depth + 1);
  };
  for (const commit of commits) {
    const parent = parentOf(commit);
    if (parent === undefined || !known.has(parent)) add(commit, 0);
  }
  return rows;
}
