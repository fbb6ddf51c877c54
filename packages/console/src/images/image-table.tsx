/** Images and kernels of the host. */

import { useQueryClient } from "@tanstack/react-query";
import { Trash2 } from "lucide-react";
import { type ReactNode, useState } from "react";

import { client } from "../app/client.ts";
import { KEYS } from "../app/keys.ts";
import { Badge } from "../ui/badge.tsx";
import { IconButton } from "../ui/button.tsx";
import { ConfirmDialog } from "../ui/confirm-dialog.tsx";
import { bytes } from "../ui/figures.ts";
import { RelativeTime } from "../ui/relative-time.tsx";
import { type Column, Table } from "../ui/table.tsx";
import { toast } from "../ui/toast.ts";
import "./image-table.css";
import { type Image, initOf, shortId, usersOf } from "./images.ts";

const COLUMNS: readonly Column<Image>[] = [
  {
    name: "Name",
    cell: (image) => (
      <>
        <strong>{image.name}</strong> {!image.named && <Badge>replaced by a newer build</Badge>}
        <div className="image-table-id" title={image.id}>
          {shortId(image.id)}
        </div>
      </>
    ),
  },
  { name: "Process 1", cell: initOf },
  { name: "Kernel", cell: kernelOf },
  {
    name: "Root disk",
    kind: "number",
    cell: ({ rootBytes }) => (rootBytes === undefined ? "–" : bytes(rootBytes)),
  },
  { name: "On the host", kind: "number", cell: ({ diskBytes }) => bytes(diskBytes) },
  { name: "Built", cell: ({ builtAt }) => <RelativeTime at={builtAt} /> },
  {
    name: "Used by",
    cell: ({ kind, usedBy }) => (
      <span title={usedBy.join(", ")}>{kind === "kernel" ? "–" : usersOf(usedBy)}</span>
    ),
  },
];

function kernelOf({ kernel: { name, release } }: Image): ReactNode {
  return (
    <>
      {name}
      <div className="image-table-kernel muted small">{release}</div>
    </>
  );
}

export function ImageTable({ images }: { readonly images: readonly Image[] }) {
  const [removing, setRemoving] = useState<Image>();
  return (
    <>
      <Table
        label="Images and kernels"
        columns={COLUMNS}
        rows={images}
        keyOf={({ id }) => id}
        renderActions={(image) => (
          <IconButton
            icon={Trash2}
            kind="danger"
            label={
              image.usedBy.length > 0
                ? `${image.name} cannot be removed: it is used by ${usersOf(image.usedBy)}`
                : `Remove ${image.name}`
            }
            disabled={image.usedBy.length > 0}
            onClick={() => setRemoving(image)}
          />
        )}
      />
      {removing && <RemoveDialog image={removing} onClose={() => setRemoving(undefined)} />}
    </>
  );
}

function RemoveDialog({
  image: { id, name, kind, named, diskBytes },
  onClose,
}: {
  readonly image: Image;
  readonly onClose: () => void;
}) {
  const queries = useQueryClient();
  const remove = async (): Promise<void> => {
    const { freedBytes } = await client.images.remove(id);
    toast(`${name} is removed; the host has ${bytes(freedBytes)} back`);
    await queries.invalidateQueries({ queryKey: KEYS.images });
  };
  return (
    <ConfirmDialog
      title={`Remove ${name}?`}
      verb={`Remove ${name}`}
      onConfirm={remove}
      onClose={onClose}
    >
      {kind === "kernel"
        ? "Images that prefer this kernel boot with their own from then on. It takes minutes to compile again."
        : `Up to ${bytes(diskBytes)} of the host's disk are freed. ${
            named
              ? "VMs can be made of it again only when it was built or imported anew."
              : "A newer build has its name already."
          }`}
    </ConfirmDialog>
  );
}
