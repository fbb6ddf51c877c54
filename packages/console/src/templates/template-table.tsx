/** Templates that VMs come from. */

import { useQueryClient } from "@tanstack/react-query";
import { Trash2 } from "lucide-react";
import { useState } from "react";

import { client } from "../app/client.ts";
import { KEYS } from "../app/keys.ts";
import { IconButton } from "../ui/button.tsx";
import { ConfirmDialog } from "../ui/confirm-dialog.tsx";
import { bytes, count } from "../ui/figures.ts";
import { RelativeTime } from "../ui/relative-time.tsx";
import { type Column, Table } from "../ui/table.tsx";
import { toast } from "../ui/toast.ts";
import { networkOf, shapeOf, type Template } from "./templates.ts";

const COLUMNS: readonly Column<Template>[] = [
  {
    name: "Image and size",
    cell: (template) => (
      <>
        <strong>{template.image}</strong>, {shapeOf(template)}
        <div className="muted small">
          {networkOf(template)}, kernel {template.kernel}
        </div>
      </>
    ),
  },
  {
    name: "On the disk",
    kind: "number",
    cell: ({ stateBytes, layerBytes }) => (
      <span title={`memory ${bytes(stateBytes)}, disk ${bytes(layerBytes)}`}>
        {bytes(stateBytes + layerBytes)}
      </span>
    ),
  },
  {
    name: "In memory",
    kind: "number",
    cell: ({ heldBytes }) => (heldBytes === 0 ? "not held" : bytes(heldBytes)),
  },
  { name: "VMs of it", kind: "number", cell: ({ vms }) => vms },
  { name: "Built", cell: ({ builtAt }) => <RelativeTime at={builtAt} /> },
  {
    name: "Last used",
    cell: ({ lastUsedAt }) =>
      lastUsedAt === undefined ? "not since the daemon's start" : <RelativeTime at={lastUsedAt} />,
  },
];

export function TemplateTable({ templates }: { readonly templates: readonly Template[] }) {
  const [removing, setRemoving] = useState<Template>();
  return (
    <>
      <Table
        label="Templates"
        columns={COLUMNS}
        rows={templates}
        keyOf={({ id }) => id}
        renderActions={(template) => (
          <IconButton
            icon={Trash2}
            kind="danger"
            label={`Delete the template of ${template.image} with ${shapeOf(template)}`}
            onClick={() => setRemoving(template)}
          />
        )}
      />
      {removing && <DeleteDialog template={removing} onClose={() => setRemoving(undefined)} />}
    </>
  );
}

function DeleteDialog({
  template,
  onClose,
}: {
  readonly template: Template;
  readonly onClose: () => void;
}) {
  const { id, image, stateBytes, vms } = template;
  const queries = useQueryClient();
  const remove = async (): Promise<void> => {
    await client.templates.remove(id);
    toast(`The template of ${image} is deleted`);
    await queries.invalidateQueries({ queryKey: KEYS.templates });
  };
  return (
    <ConfirmDialog
      title={`Delete the template of ${image}?`}
      verb="Delete the template"
      onConfirm={remove}
      onClose={onClose}
    >
      <p>
        {bytes(stateBytes)} are freed. The next VM of {image} with {shapeOf(template)} boots, and a
        template is built again after it.
      </p>
      {vms > 0 && <p>{count(vms, "VM")} that came from it live on.</p>}
    </ConfirmDialog>
  );
}
