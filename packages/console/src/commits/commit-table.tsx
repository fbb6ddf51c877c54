/** Commits, each below the one that its source came from. */

import { useQueryClient } from "@tanstack/react-query";
import { GitFork, Trash2 } from "lucide-react";
import { useState } from "react";
import { Link } from "wouter";

import { client } from "../app/client.ts";
import { KEYS } from "../app/keys.ts";
import { vmAddress } from "../app/vm-address.ts";
import { Badge } from "../ui/badge.tsx";
import { Button, IconButton } from "../ui/button.tsx";
import { ConfirmDialog } from "../ui/confirm-dialog.tsx";
import { RelativeTime } from "../ui/relative-time.tsx";
import { type Column, Table } from "../ui/table.tsx";
import { toast } from "../ui/toast.ts";
import { visible } from "../ui/visible.ts";
import "./commit-table.css";
import type { Commit, CommitRow } from "./commits.ts";
import { ForkDialog } from "./fork-dialog.tsx";

const COLUMNS: readonly Column<CommitRow>[] = [
  {
    name: "Commit",
    cell: ({ commit: { commitId, cacheKey }, depth }) => (
      <div className="commit-table-name" style={{ paddingInlineStart: `${depth * 1.25}rem` }}>
        {depth > 0 && <span aria-hidden>└ </span>}
        <span className="mono">{commitId}</span>
        {cacheKey !== undefined && <div className="muted small">{visible(cacheKey)}</div>}
      </div>
    ),
  },
  {
    name: "Of",
    cell: ({ commit: { sourceHostname }, hasSource }) =>
      hasSource ? (
        <Link href={vmAddress(sourceHostname)}>{sourceHostname}</Link>
      ) : (
        <>
          {sourceHostname} <span className="muted">(gone)</span>
        </>
      ),
  },
  { name: "Group", cell: ({ commit }) => commit.sourceHostGroup },
  { name: "Tags and labels", cell: ({ commit }) => <Words commit={commit} /> },
  { name: "Made", cell: ({ commit }) => <RelativeTime at={commit.createdAt} /> },
  {
    name: "VMs of it",
    cell: ({ children }) => (children.length === 0 ? "none" : <Children hostnames={children} />),
  },
];

/** more are only counted */
const SHOWN_CHILDREN = 5;

function Children({ hostnames }: { readonly hostnames: readonly string[] }) {
  const rest = hostnames.length - SHOWN_CHILDREN;
  return (
    <span className="commit-table-words">
      {hostnames.slice(0, SHOWN_CHILDREN).map((hostname) => (
        <Link key={hostname} href={vmAddress(hostname)}>
          {hostname}
        </Link>
      ))}
      {rest > 0 && <span className="muted">and {rest} more</span>}
    </span>
  );
}

function Words({ commit: { tags = [], labels = {} } }: { readonly commit: Commit }) {
  return (
    <span className="commit-table-words">
      {tags.map((tag) => (
        <Badge key={tag}>{visible(tag)}</Badge>
      ))}
      {Object.entries(labels).map(([name, value]) => (
        <span key={name} className="small">
          {visible(`${name}: ${value}`)}
        </span>
      ))}
    </span>
  );
}

interface Asked {
  readonly what: "fork" | "delete";
  readonly commit: Commit;
}

export function CommitTable({ rows }: { readonly rows: readonly CommitRow[] }) {
  const [asked, setAsked] = useState<Asked>();
  const close = () => setAsked(undefined);
  return (
    <>
      <Table
        label="Commits"
        columns={COLUMNS}
        rows={rows}
        keyOf={({ commit }) => commit.commitId}
        renderActions={({ commit, hasSource, children }) => (
          <>
            <Button icon={GitFork} onClick={() => setAsked({ what: "fork", commit })}>
              Fork
            </Button>
            <IconButton
              icon={Trash2}
              kind="danger"
              label={
                hasSource || children.length > 0
                  ? `${commit.commitId} is in use: its source and the VMs made of it must be deleted first`
                  : `Delete ${commit.commitId}`
              }
              disabled={hasSource || children.length > 0}
              onClick={() => setAsked({ what: "delete", commit })}
            />
          </>
        )}
      />
      {asked?.what === "fork" && <ForkDialog commit={asked.commit} onClose={close} />}
      {asked?.what === "delete" && <DeleteDialog commit={asked.commit} onClose={close} />}
    </>
  );
}

function DeleteDialog({
  commit: { commitId, sourceHostname },
  onClose,
}: {
  readonly commit: Commit;
  readonly onClose: () => void;
}) {
  const queries = useQueryClient();
  const remove = async (): Promise<void> => {
    await client.commits.delete(commitId);
    toast(`${commitId} is deleted`);
    await queries.invalidateQueries({ queryKey: KEYS.commits });
  };
  return (
    <ConfirmDialog
      title={`Delete ${commitId}?`}
      verb="Delete the commit"
      onConfirm={remove}
      onClose={onClose}
    >
      The disk of {sourceHostname}, as it was then, is lost; there is no other copy of it unless
      another commit stands on it.
    </ConfirmDialog>
  );
}
