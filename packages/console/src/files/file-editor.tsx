/** A small text file, to be read and changed. */

import { useMutation, useQuery } from "@tanstack/react-query";
import { Download, Save } from "lucide-react";
import { type KeyboardEvent, useState } from "react";

import type { FsEntry, Vm } from "@alcove/sdk/browser/index.ts";

import { KEYS } from "../app/keys.ts";
import { queries } from "../app/queries.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { ErrorNote } from "../ui/error-note.tsx";
import { bytes } from "../ui/figures.ts";
import { RowsLoading } from "../ui/page-loading.tsx";
import { toast } from "../ui/toast.ts";
import { visible } from "../ui/visible.ts";
import { ChangedMeanwhile, download, readText, writeText } from "./file-actions.ts";
import "./file-editor.css";
import type { TextFile } from "./text-file.ts";

export interface FileEditorProps {
  readonly vm: Vm;
  readonly path: string;
  readonly entry: FsEntry;
  readonly onClose: () => void;
}

export function FileEditor(props: FileEditorProps) {
  const { vm, path, entry, onClose } = props;
  const file = useQuery({
    queryKey: KEYS.fileText(vm.hostname, path),
    queryFn: ({ signal }) => readText(vm, path, signal),
    staleTime: 0,
    gcTime: 0,
    retry: false,
  });
  if (file.data && !file.isFetching)
    return (
      <Editor
        key={file.dataUpdatedAt}
        {...props}
        file={file.data}
        reload={() => void file.refetch()}
      />
    );
  return (
    <Dialog
      title={visible(entry.name)}
      wide
      onClose={onClose}
      footer={<DownloadButton vm={vm} path={path} entry={entry} />}
    >
      {file.error && !file.isFetching ? <ErrorNote error={file.error} /> : <RowsLoading />}
    </Dialog>
  );
}

interface EditorProps extends FileEditorProps {
  readonly file: TextFile;
  readonly reload: () => void;
}

function Editor({ vm, path, entry, onClose, file, reload }: EditorProps) {
  const [before, setBefore] = useState(file);
  const [text, setText] = useState(file.text);
  const [isLeaving, setLeaving] = useState(false);
  // Writing replaces what the name stands for: a link would become a file.
  const isLink = entry.type === "symlink";
  const isChanged = !isLink && text !== before.text;
  const saving = useMutation({
    mutationFn: (anyway: boolean) => writeText(vm, { path, text, before, anyway }),
    onSuccess: (written) => {
      setBefore(written);
      toast(`${visible(entry.name)} is saved`);
      void queries.invalidateQueries({ queryKey: KEYS.filesOf(vm.hostname) });
    },
  });
  const save = (): void => saving.mutate(false);
  const footer = (
    <>
      <FileNote file={before} isLink={isLink} />
      <DownloadButton vm={vm} path={path} entry={entry} />
      {!isLink && <SaveButton disabled={!isChanged} busy={saving.isPending} onClick={save} />}
    </>
  );
  return (
    <Dialog
      title={visible(entry.name)}
      wide
      onClose={() => (isChanged && !isLeaving ? setLeaving(true) : onClose())}
      footer={
        isLeaving ? <LeavingButtons onStay={() => setLeaving(false)} onLeave={onClose} /> : footer
      }
    >
      <textarea
        className="file-editor-text"
        aria-label={`Content of ${visible(entry.name)}`}
        spellCheck={false}
        readOnly={isLink}
        value={text}
        onChange={({ target }) => setText(target.value)}
        onKeyDown={(event) => onSaveKey(event, isChanged && !saving.isPending ? save : undefined)}
      />
      {saving.error && (
        <SaveProblem error={saving.error} onReload={reload} onAnyway={() => saving.mutate(true)} />
      )}
    </Dialog>
  );
}

/** Ctrl+S saves, and never saves the page. */
function onSaveKey(event: KeyboardEvent, save: (() => void) | undefined): void {
  if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "s") return;
  event.preventDefault();
  save?.();
}

interface SaveButtonProps {
  readonly disabled: boolean;
  readonly busy: boolean;
  readonly onClick: () => void;
}

function SaveButton(props: SaveButtonProps) {
  return (
    <Button kind="primary" icon={Save} {...props}>
      Save
    </Button>
  );
}

function FileNote({ file, isLink }: { readonly file: TextFile; readonly isLink: boolean }) {
  return (
    <span className="file-editor-note">
      {isLink ? "A link: shown, not changed" : bytes(file.bytes.length)}
      {file.lineEnd === "\r\n" && ", lines end in CR LF"}
    </span>
  );
}

interface LeavingProps {
  readonly onStay: () => void;
  readonly onLeave: () => void;
}

function LeavingButtons({ onStay, onLeave }: LeavingProps) {
  return (
    <>
      <span className="file-editor-note" role="alert">
        What you changed is not saved.
      </span>
      <Button onClick={onStay}>Keep editing</Button>
      <Button kind="danger" onClick={onLeave}>
        Discard the changes
      </Button>
    </>
  );
}

interface SaveProblemProps {
  readonly error: Error;
  readonly onReload: () => void;
  readonly onAnyway: () => void;
}

function SaveProblem({ error, onReload, onAnyway }: SaveProblemProps) {
  return (
    <>
      <ErrorNote error={error} />
      {error instanceof ChangedMeanwhile && (
        <div className="files-tools">
          <Button onClick={onReload}>Read it again, without your changes</Button>
          <Button kind="danger" onClick={onAnyway}>
            Replace it with yours
          </Button>
        </div>
      )}
    </>
  );
}

function DownloadButton({ vm, path, entry }: Omit<FileEditorProps, "onClose">) {
  const downloading = useMutation({ mutationFn: () => download(vm, path, entry) });
  return (
    <Button icon={Download} onClick={() => downloading.mutate()}>
      {downloading.error ? "Download: try again" : "Download"}
    </Button>
  );
}
