/** One directory of a guest, and all that can be done in it. */

import type { FsEntry, Vm } from "@alcove/sdk/browser/index.ts";

import { Card } from "../ui/card.tsx";
import { ErrorNote } from "../ui/error-note.tsx";
import { Arriving } from "./arriving.tsx";
import { Crumbs } from "./crumbs.tsx";
import { DirectoryContent } from "./directory-content.tsx";
import { DirectoryDialog } from "./directory-dialog.tsx";
import { chosenFiles, droppedFiles } from "./dropped.ts";
import { ChosenFile, FilesTools } from "./files-tools.tsx";
import { parentOf } from "./guest-path.ts";
import { useArrivals } from "./use-arrivals.ts";
import { useDirectory } from "./use-directory.ts";
import { useDrop } from "./use-drop.ts";

export interface DirectoryProps {
  readonly vm: Vm;
  readonly path: string;
}

export function Directory({ vm, path }: DirectoryProps) {
  const directory = useDirectory(vm, path);
  const { listing, entries, chosen, choose, ask, open, save, goTo } = directory;
  const arrivals = useArrivals(vm, path);
  const drop = useDrop((transfer) => arrivals.take(droppedFiles(transfer)));
  const error = directory.error ?? arrivals.error;
  const refresh = (): void => void listing.refetch();
  const askDelete = (entry: FsEntry): void => ask({ what: "delete", entry });
  return (
    <div className="files" {...drop.handlers}>
      {error && <ErrorNote error={error} />}
      <Card
        title="Files"
        flush
        actions={
          <FilesTools
            onFiles={(list) => arrivals.take(Promise.resolve(chosenFiles(list)))}
            onNewFolder={() => ask({ what: "new-folder" })}
            onRefresh={refresh}
          />
        }
      >
        <Crumbs hostname={vm.hostname} path={path} />
        <DirectoryContent
          hostname={vm.hostname}
          listing={listing}
          path={path}
          entries={entries}
          chosen={chosen}
          onChoose={(index) => choose(entries[index]?.name)}
          onOpen={open}
          onUp={() => goTo(parentOf(path))}
          onDelete={askDelete}
        />
        <ChosenFile entry={entries[chosen]} onOpen={open} onDownload={save} onDelete={askDelete} />
      </Card>
      <Arriving vm={vm} path={path} arrivals={arrivals} isOver={drop.isOver} />
      <DirectoryDialog vm={vm} path={path} directory={directory} />
    </div>
  );
}
