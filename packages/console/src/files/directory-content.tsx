/** The list of a directory, or what is in its place. */

import type { UseQueryResult } from "@tanstack/react-query";
import { Link } from "wouter";

import type { FsEntry } from "@alcove/sdk/browser/index.ts";

import { EmptyState } from "../ui/empty-state.tsx";
import { ErrorNote } from "../ui/error-note.tsx";
import { RowsLoading } from "../ui/page-loading.tsx";
import { addressOf } from "./crumbs.tsx";
import { FileList, type FileListProps } from "./file-list.tsx";
import { parentOf } from "./guest-path.ts";

export interface DirectoryContentProps extends FileListProps {
  readonly hostname: string;
  readonly listing: UseQueryResult<readonly FsEntry[]>;
}

export function DirectoryContent({ hostname, listing, ...rest }: DirectoryContentProps) {
  const { path, entries } = rest;
  if (listing.isPending) return <RowsLoading rows={10} />;
  if (listing.error)
    return (
      <div className="files-note">
        <ErrorNote error={listing.error} onRetry={() => void listing.refetch()} />
        {path !== "/" && (
          <p>
            <Link href={addressOf(hostname, parentOf(path))}>To the directory above</Link>
          </p>
        )}
      </div>
    );
  if (entries.length === 0)
    return (
      <EmptyState title="Nothing is in this directory">
        Drop files or folders here from your disk, or upload them with the button above.
      </EmptyState>
    );
  return <FileList {...rest} />;
}
