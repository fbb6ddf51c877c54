/** Keeps the disk of a VM that has stopped, for others to begin with. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useLocation } from "wouter";

import { client } from "../app/client.ts";
import { KEYS } from "../app/keys.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { ErrorNote } from "../ui/error-note.tsx";
import { TextField } from "../ui/field.tsx";
import { toast } from "../ui/toast.ts";
import { wordsIn } from "../ui/words-in.ts";
import type { VmState } from "./vm-state.ts";

interface CommitDialogProps {
  readonly vm: VmState;
  readonly onClose: () => void;
}

export function CommitDialog({ vm, onClose }: CommitDialogProps) {
  const [tags, setTags] = useState("");
  const queries = useQueryClient();
  const [, navigate] = useLocation();
  const committing = useMutation({
    mutationFn: () => client.commits.create(vm.hostname, { tags: wordsIn(tags) }),
    onSuccess: async () => {
      onClose();
      toast(`The disk of ${vm.hostname} is committed`);
      navigate("/commits");
      await queries.invalidateQueries({ queryKey: KEYS.commits });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    committing.mutate();
  };
  return (
    <Dialog
      title={`Commit ${vm.hostname}`}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" form="commit" busy={committing.isPending}>
            {`Commit ${vm.hostname}`}
          </Button>
        </>
      }
    >
      <form id="commit" onSubmit={submit}>
        <p>
          Its disk is kept as it is now; VMs that are forked from the commit begin with it. The VM
          stays, and writes on top of it when it starts again.
        </p>
        <TextField
          label="Tags of the commit"
          value={tags}
          onChange={({ target }) => setTags(target.value)}
          hint="Separated by spaces; may be left out."
        />
      </form>
      {committing.error && <ErrorNote error={committing.error} />}
    </Dialog>
  );
}
