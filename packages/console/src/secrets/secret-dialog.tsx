/** A new secret, or a change of one. The content is written, and never shown. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { client } from "../app/client.ts";
import { KEYS } from "../app/keys.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { ErrorNote } from "../ui/error-note.tsx";
import { TextArea, TextField } from "../ui/field.tsx";
import { toast } from "../ui/toast.ts";
import type { Secret } from "./secrets.ts";

export interface SecretDialogProps {
  /** the one to change; absent: a new one */
  readonly secret?: Secret;
  readonly onClose: () => void;
}

interface Draft {
  readonly name: string;
  readonly content: string;
  readonly permissions: string;
  readonly uid: string;
  readonly gid: string;
}

function draftOf(secret: Secret | undefined): Draft {
  const { name = "", permissions = "0600", uid = 0, gid = 0 } = secret ?? {};
  return { name, content: "", permissions, uid: String(uid), gid: String(gid) };
}

async function save({ name, content, permissions, uid, gid }: Draft, isNew: boolean) {
  const ownership = { permissions, uid: Number(uid), gid: Number(gid) };
  if (isNew) await client.secrets.create({ name, data: content, ...ownership });
  else await client.secrets.update(name, { ...(content && { data: content }), ...ownership });
}

export function SecretDialog({ secret, onClose }: SecretDialogProps) {
  const [draft, setDraft] = useState(() => draftOf(secret));
  const queries = useQueryClient();
  const saving = useMutation({
    mutationFn: () => save(draft, secret === undefined),
    onSuccess: async () => {
      toast(secret ? `${draft.name} is changed` : `${draft.name} is kept`);
      await queries.invalidateQueries({ queryKey: KEYS.secrets });
      onClose();
    },
  });
  const isIncomplete = draft.name === "" || (secret === undefined && draft.content === "");
  return (
    <Dialog
      title={secret ? `Change ${secret.name}` : "Add a secret"}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            kind="primary"
            busy={saving.isPending}
            disabled={isIncomplete}
            onClick={() => saving.mutate()}
          >
            {secret ? `Change ${secret.name}` : "Add the secret"}
          </Button>
        </>
      }
    >
      <Fields draft={draft} isNew={secret === undefined} onChange={setDraft} />
      {saving.error && <ErrorNote error={saving.error} />}
    </Dialog>
  );
}

interface FieldsProps {
  readonly draft: Draft;
  readonly isNew: boolean;
  readonly onChange: (draft: Draft) => void;
}

function Fields({ draft, isNew, onChange }: FieldsProps) {
  const set = (change: Partial<Draft>) => onChange({ ...draft, ...change });
  return (
    <>
      {isNew && (
        <TextField
          label="Name"
          hint="Also the name of the file in guests."
          placeholder="API_TOKEN"
          value={draft.name}
          onChange={({ target }) => set({ name: target.value })}
        />
      )}
      <TextArea
        label={isNew ? "Content" : "New content"}
        hint={
          isNew
            ? "Kept exactly as it is here, line ends included; up to 1 MiB."
            : "Left empty, the content stays as it is: it cannot be shown."
        }
        autoComplete="off"
        value={draft.content}
        onChange={({ target }) => set({ content: target.value })}
      />
      <Ownership draft={draft} set={set} />
    </>
  );
}

interface OwnershipProps {
  readonly draft: Draft;
  readonly set: (change: Partial<Draft>) => void;
}

/** How its file looks in guests. */
function Ownership({ draft, set }: OwnershipProps) {
  return (
    <div className="field-row">
      <TextField
        label="Permissions"
        value={draft.permissions}
        onChange={({ target }) => set({ permissions: target.value })}
      />
      <TextField
        label="User id"
        type="number"
        min={0}
        value={draft.uid}
        onChange={({ target }) => set({ uid: target.value })}
      />
      <TextField
        label="Group id"
        type="number"
        min={0}
        value={draft.gid}
        onChange={({ target }) => set({ gid: target.value })}
      />
    </div>
  );
}
