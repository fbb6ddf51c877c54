/** A directory of a guest: what is in it, which of it is chosen, and what choosing leads to. */

import { useMutation, useQuery, type UseQueryResult } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useLocation } from "wouter";

import type { FsEntry, Vm } from "@alcove/sdk/browser/index.ts";

import { KEYS } from "../app/keys.ts";
import { toast } from "../ui/toast.ts";
import { addressOf } from "./crumbs.tsx";
import { download, leadsToDirectory } from "./file-actions.ts";
import { inOrder, isNameLost } from "./file-words.ts";
import { joined } from "./guest-path.ts";

const NONE: readonly FsEntry[] = [];

/** The dialog that is open. */
export type Asked =
  | { readonly what: "new-folder" }
  | { readonly what: "delete"; readonly entry: FsEntry }
  | { readonly what: "open"; readonly entry: FsEntry };

export interface DirectoryState {
  readonly listing: UseQueryResult<readonly FsEntry[]>;
  readonly entries: readonly FsEntry[];
  /** index; -1 for none */
  readonly chosen: number;
  readonly choose: (name: string | undefined) => void;
  readonly asked: Asked | undefined;
  readonly ask: (asked: Asked | undefined) => void;
  readonly open: (entry: FsEntry) => void;
  readonly save: (entry: FsEntry) => void;
  readonly goTo: (path: string) => void;
  /** of opening or downloading */
  readonly error: Error | null;
}

export function useDirectory(vm: Vm, path: string): DirectoryState {
  const [, navigate] = useLocation();
  const [name, choose] = useState<string>();
  const [asked, ask] = useState<Asked>();
  const listing = useQuery({
    queryKey: KEYS.files(vm.hostname, path),
    queryFn: ({ signal }) => vm.fs.readDir(path, { signal }),
    staleTime: 0,
  });
  const entries = useMemo(() => inOrder(listing.data ?? NONE), [listing.data]);
  const goTo = (to: string): void => navigate(addressOf(vm.hostname, to));
  const opening = useMutation({
    mutationFn: async (entry: FsEntry) => {
      const place = joined(path, entry.name);
      const isLink = entry.type === "symlink";
      const leads = isLink ? await leadsToDirectory(vm, place) : entry.type === "directory";
      if (leads) goTo(place);
      else ask({ what: "open", entry });
    },
  });
  const saving = useMutation({
    mutationFn: (entry: FsEntry) => download(vm, joined(path, entry.name), entry),
  });
  const open = (entry: FsEntry): void => {
    if (isNameLost(entry)) toast("Its name is not UTF-8: use a terminal for it.");
    else if (entry.type === "other") toast("A device, socket or pipe has no content to show.");
    else opening.mutate(entry);
  };
  const chosen = entries.findIndex((entry) => entry.name === name);
  const error = opening.error ?? saving.error;
  return { listing, entries, chosen, choose, asked, ask, open, save: saving.mutate, goTo, error };
}
