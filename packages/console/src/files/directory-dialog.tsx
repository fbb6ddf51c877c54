/** The dialog that is open in a directory. */

import type { Vm } from "@alcove/sdk/browser/index.ts";

import { DeleteFileDialog, NewFolderDialog } from "./file-dialogs.tsx";
import { FileEditor } from "./file-editor.tsx";
import { joined } from "./guest-path.ts";
import type { DirectoryState } from "./use-directory.ts";

export interface DirectoryDialogProps {
  readonly vm: Vm;
  readonly path: string;
  readonly directory: Pick<DirectoryState, "listing" | "choose" | "asked" | "ask">;
}

export function DirectoryDialog({ vm, path, directory }: DirectoryDialogProps) {
  const { listing, choose, asked, ask } = directory;
  const onClose = (): void => ask(undefined);
  const onChange = (made: string | undefined): void => {
    choose(made);
    void listing.refetch();
  };
  if (!asked) return null;
  if (asked.what === "new-folder")
    return <NewFolderDialog vm={vm} directory={path} onMade={onChange} onClose={onClose} />;
  const { entry } = asked;
  const place = joined(path, entry.name);
  if (asked.what === "delete")
    return (
      <DeleteFileDialog
        vm={vm}
        path={place}
        entry={entry}
        onDeleted={() => onChange(undefined)}
        onClose={onClose}
      />
    );
  return <FileEditor vm={vm} path={place} entry={entry} onClose={onClose} />;
}
