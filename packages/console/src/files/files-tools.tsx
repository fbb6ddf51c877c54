/** Above the list: making and uploading. Below it: what can be done with the chosen one. */

import {
  Download,
  FolderOpen,
  FolderPlus,
  FolderUp,
  RefreshCw,
  Trash2,
  Upload,
} from "lucide-react";
import { useRef } from "react";

import type { FsEntry } from "@alcove/sdk/browser/index.ts";

import { Button, IconButton } from "../ui/button.tsx";
import { bytes } from "../ui/figures.ts";
import { visible } from "../ui/visible.ts";
import { isNameLost, modeWords } from "./file-words.ts";

export interface FilesToolsProps {
  readonly onFiles: (list: FileList) => void;
  readonly onNewFolder: () => void;
  readonly onRefresh: () => void;
}

export function FilesTools({ onFiles, onNewFolder, onRefresh }: FilesToolsProps) {
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const chooseFolder = (): void => {
    if (!folder.current) return;
    folder.current.webkitdirectory = true; // React has no name for it
    folder.current.click();
  };
  const take = (input: HTMLInputElement): void => {
    if (input.files && input.files.length > 0) onFiles(input.files);
    input.value = ""; // so that the same can be chosen again
  };
  return (
    <div className="files-tools">
      <input
        ref={files}
        type="file"
        multiple
        hidden
        aria-label="Files to upload"
        onChange={({ target }) => take(target)}
      />
      <input
        ref={folder}
        type="file"
        hidden
        aria-label="Folder to upload"
        onChange={({ target }) => take(target)}
      />
      <IconButton icon={RefreshCw} label="Read the directory again" onClick={onRefresh} />
      <Button icon={FolderPlus} onClick={onNewFolder}>
        New folder
      </Button>
      <Button icon={FolderUp} onClick={chooseFolder}>
        Upload a folder
      </Button>
      <Button kind="primary" icon={Upload} onClick={() => files.current?.click()}>
        Upload files
      </Button>
    </div>
  );
}

export interface ChosenFileProps {
  readonly entry: FsEntry | undefined;
  readonly onOpen: (entry: FsEntry) => void;
  readonly onDownload: (entry: FsEntry) => void;
  readonly onDelete: (entry: FsEntry) => void;
}

export function ChosenFile({ entry, onOpen, onDownload, onDelete }: ChosenFileProps) {
  if (!entry)
    return (
      <p className="files-chosen muted">
        Choose a file to download, edit or delete it. Files can be dropped here from your disk.
      </p>
    );
  const isLost = isNameLost(entry);
  return (
    <div className="files-chosen">
      <span className="files-chosen-name truncate">{visible(entry.name)}</span>
      <span className="muted number">
        {entry.type === "file" && `${bytes(entry.size)}, `}
        {modeWords(entry.mode)}
      </span>
      {isLost ? (
        <span>Its name is not UTF-8: use a terminal for it.</span>
      ) : (
        <>
          <Button icon={FolderOpen} onClick={() => onOpen(entry)}>
            Open
          </Button>
          <Button icon={Download} onClick={() => onDownload(entry)}>
            {entry.type === "directory" ? "Download as tar" : "Download"}
          </Button>
          <Button kind="danger" icon={Trash2} onClick={() => onDelete(entry)}>
            Delete
          </Button>
        </>
      )}
    </div>
  );
}
