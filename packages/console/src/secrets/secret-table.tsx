/** Secrets by name. */

import { useQueryClient } from "@tanstack/react-query";
import { Pencil, Trash2 } from "lucide-react";
import { useState } from "react";

import { client } from "../app/client.ts";
import { KEYS } from "../app/keys.ts";
import { IconButton } from "../ui/button.tsx";
import { ConfirmDialog } from "../ui/confirm-dialog.tsx";
import { bytes } from "../ui/figures.ts";
import { RelativeTime } from "../ui/relative-time.tsx";
import { type Column, Table } from "../ui/table.tsx";
import { toast } from "../ui/toast.ts";
import { SecretDialog } from "./secret-dialog.tsx";
import type { Secret } from "./secrets.ts";

const COLUMNS: readonly Column<Secret>[] = [
  { name: "Name", cell: ({ name }) => <strong className="mono">{name}</strong> },
  { name: "Size", kind: "number", cell: ({ size }) => bytes(size) },
  {
    name: "In guests",
    cell: ({ permissions, uid, gid }) => (
      <span className="mono">
        {permissions} {uid}:{gid}
      </span>
    ),
  },
  { name: "Changed", cell: ({ modifiedAt }) => <RelativeTime at={modifiedAt} /> },
];

interface Asked {
  readonly what: "change" | "delete";
  readonly secret: Secret;
}

export function SecretTable({ secrets }: { readonly secrets: readonly Secret[] }) {
  const [asked, setAsked] = useState<Asked>();
  const close = () => setAsked(undefined);
  return (
    <>
      <Table
        label="Secrets"
        columns={COLUMNS}
        rows={secrets}
        keyOf={({ name }) => name}
        renderActions={(secret) => (
          <>
            <IconButton
              icon={Pencil}
              label={`Change ${secret.name}`}
              onClick={() => setAsked({ what: "change", secret })}
            />
            <IconButton
              icon={Trash2}
              kind="danger"
              label={`Delete ${secret.name}`}
              onClick={() => setAsked({ what: "delete", secret })}
            />
          </>
        )}
      />
      {asked?.what === "change" && <SecretDialog secret={asked.secret} onClose={close} />}
      {asked?.what === "delete" && <DeleteDialog name={asked.secret.name} onClose={close} />}
    </>
  );
}

function DeleteDialog({ name, onClose }: { readonly name: string; readonly onClose: () => void }) {
  const queries = useQueryClient();
  const remove = async (): Promise<void> => {
    await client.secrets.delete(name);
    toast(`${name} is deleted`);
    await queries.invalidateQueries({ queryKey: KEYS.secrets });
  };
  return (
    <ConfirmDialog
      title={`Delete ${name}?`}
      verb={`Delete ${name}`}
      onConfirm={remove}
      onClose={onClose}
    >
      Its content is lost: it cannot be read from here or from the host again. VMs that run keep
      their copy until they synchronise their secrets or end.
    </ConfirmDialog>
  );
}
