/** What is asked before something is made or deleted. */

import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useId, useState } from "react";

import type { FsEntry, Vm } from "@alcove/sdk/browser/index.ts";

import { Button } from "../ui/button.tsx";
import { ConfirmDialog } from "../ui/confirm-dialog.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { ErrorNote } from "../ui/error-note.tsx";
import { TextField } from "../ui/field.tsx";
import { bytes } from "../ui/figures.ts";
import { toast } from "../ui/toast.ts";
import { visible } from "../ui/visible.ts";
import { joined, nameProblem } from "./guest-path.ts";

interface NewFolderProps {
  readonly vm: Vm;
  readonly directory: string;
  /** it is there */
  readonly onMade: (name: string) => void;
  readonly onClose: () => void;
}

export function NewFolderDialog({ vm, directory, onMade, onClose }: NewFolderProps) {
  const [name, setName] = useState("");
  const [problem, setProblem] = useState<string>();
  const formId = useId();
  const making = useMutation({
    mutationFn: () => vm.fs.mkdir(joined(directory, name)),
    onSuccess: () => {
      onMade(name);
      onClose();
    },
  });
  const make = (event: FormEvent): void => {
    event.preventDefault();
    const wrong = nameProblem(name);
    setProblem(wrong);
    if (wrong === undefined) making.mutate();
  };
  return (
    <Dialog
      title="New folder"
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" form={formId} busy={making.isPending}>
            Make the folder
          </Button>
        </>
      }
    >
      <form id={formId} onSubmit={make}>
        <TextField
          label="Name"
          hint={`In ${visible(directory)}, owned by the guest's default user.`}
          error={problem}
          value={name}
          onChange={({ target }) => setName(target.value)}
          autoFocus
        />
      </form>
      {making.error && <ErrorNote error={making.error} />}
    </Dialog>
  );
}

interface DeleteProps {
  readonly vm: Vm;
  readonly path: string;
  readonly entry: FsEntry;
  readonly onDeleted: () => void;
  readonly onClose: () => void;
}

export function DeleteFileDialog({ vm, path, entry, onDeleted, onClose }: DeleteProps) {
  const shown = visible(entry.name);
  const remove = async (): Promise<void> => {
    await vm.fs.remove(path, entry.type === "directory");
    toast(`${shown} is deleted`);
    onDeleted();
  };
  return (
    <ConfirmDialog
      title={`Delete ${shown}?`}
      verb={`Delete ${shown}`}
      onConfirm={remove}
      onClose={onClose}
    >
      {lossOf(entry)} It cannot be had back.
    </ConfirmDialog>
  );
}

function lossOf({ type, size }: FsEntry): string {
  if (type === "directory") return "The directory goes with everything in it.";
  if (type === "symlink") return "The link goes; what it leads to stays.";
  return type === "file"
    ? `The file goes with its ${bytes(size)}.`
    : "The device, socket or pipe goes.";
}
