/** Makes an image of a disk that lies on the host. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { client } from "../app/client.ts";
import { KEYS } from "../app/keys.ts";
import { Button } from "../ui/button.tsx";
import { CommandLine } from "../ui/command-line.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { ErrorNote } from "../ui/error-note.tsx";
import { Select, TextField } from "../ui/field.tsx";
import { bytes } from "../ui/figures.ts";
import type { Images } from "./images.ts";

export interface ImportDialogProps {
  readonly images: Images;
  readonly onClose: () => void;
}

const DEFAULT_KERNEL = "debian-cloud";

interface Draft {
  readonly file: string;
  readonly name: string;
  readonly kernel: string;
  readonly root: string;
}

function draftOf(file: string): Draft {
  return { file, name: nameFor(file), kernel: DEFAULT_KERNEL, root: "" };
}

export function ImportDialog({ images, onClose }: ImportDialogProps) {
  const { disks, directory } = images.imports;
  const [draft, setDraft] = useState(() => draftOf(disks[0]?.file ?? ""));
  const queries = useQueryClient();
  const importing = useMutation({
    mutationFn: ({ root, ...order }: Draft) =>
      client.images.import(root === "" ? order : { ...order, root }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: KEYS.images });
      onClose();
    },
  });
  if (disks.length === 0) return <HowTo directory={directory} onClose={onClose} />;
  return (
    <Dialog
      title="Import a disk"
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            kind="primary"
            busy={importing.isPending}
            disabled={draft.name === ""}
            onClick={() => importing.mutate(draft)}
          >
            {`Import ${draft.file}`}
          </Button>
        </>
      }
    >
      <Fields images={images} draft={draft} onChange={setDraft} />
      {importing.error && <ErrorNote error={importing.error} />}
    </Dialog>
  );
}

interface FieldsProps {
  readonly images: Images;
  readonly draft: Draft;
  readonly onChange: (draft: Draft) => void;
}

function Fields({ images: { imports, images }, draft, onChange }: FieldsProps) {
  const set = (change: Partial<Draft>) => onChange({ ...draft, ...change });
  const kernels = images.filter(({ kind, named }) => kind === "kernel" && named);
  return (
    <>
      <Select
        label="Disk"
        hint={`Raw and qcow2 disks in ${imports.directory} on the host.`}
        value={draft.file}
        onChange={({ target }) => set({ file: target.value, name: nameFor(target.value) })}
      >
        {imports.disks.map((disk) => (
          <option key={disk.file} value={disk.file}>{`${disk.file} (${bytes(disk.bytes)})`}</option>
        ))}
      </Select>
      <TextField
        label="Name of the image"
        value={draft.name}
        onChange={({ target }) => set({ name: target.value })}
      />
      <Select
        label="Kernel"
        hint="The disk is booted by a kernel of the host's; one on the disk is not used."
        value={draft.kernel}
        onChange={({ target }) => set({ kernel: target.value })}
      >
        {[DEFAULT_KERNEL, ...kernels.map(({ name }) => name)].map((name) => (
          <option key={name}>{name}</option>
        ))}
      </Select>
      <TextField
        label="Root device"
        placeholder="/dev/vda1"
        hint="Only for a disk with partitions: the one that holds the root file system."
        value={draft.root}
        onChange={({ target }) => set({ root: target.value })}
      />
    </>
  );
}

/** Who holds the token may not read the host's files, so disks are not uploaded by a path. */
function HowTo({
  directory,
  onClose,
}: {
  readonly directory: string;
  readonly onClose: () => void;
}) {
  return (
    <Dialog
      title="Import a disk"
      onClose={onClose}
      footer={<Button onClick={onClose}>Close</Button>}
    >
      <p>
        No disk lies ready. Put a raw or qcow2 file into this directory of the host, as its
        administrator; then it can be chosen here:
      </p>
      <CommandLine command={`cp disk.qcow2 ${directory}/`} />
      <p className="muted small">
        The console takes no other path: whoever signs in here is root in VMs, and not on the host.
        On the host itself, any file will do:
      </p>
      <CommandLine command="alcove image import NAME FILE" />
    </Dialog>
  );
}

/** "my-disk" for "My Disk.qcow2" */
function nameFor(file: string): string {
  const stem = file.toLowerCase().replace(/\.(qcow2|raw|img|ext4)$/, "");
  return stem.replaceAll(/[^a-z0-9._-]+/g, "-").replaceAll(/^[._-]+|[._-]+$/g, "");
}
