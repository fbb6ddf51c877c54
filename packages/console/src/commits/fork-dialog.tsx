/** A VM that begins with a commit's disk, as somebody of its own. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";

import type { ForkRequest } from "@alcove/sdk/browser/index.ts";

import { client } from "../app/client.ts";
import { KEYS } from "../app/keys.ts";
import { vmAddress } from "../app/vm-address.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { ErrorNote } from "../ui/error-note.tsx";
import { Check, TextField } from "../ui/field.tsx";
import { toast } from "../ui/toast.ts";
import { wordsIn } from "../ui/words-in.ts";
import type { Commit } from "./commits.ts";

const MIB = 2 ** 20;

interface Asked {
  readonly vcpus: string;
  readonly memoryMiB: string;
  readonly tags: string;
  readonly isPersistent: boolean;
}

const AS_THE_SOURCE: Asked = { vcpus: "", memoryMiB: "", tags: "", isPersistent: true };

function requestOf({ vcpus, memoryMiB, tags, isPersistent }: Asked): ForkRequest {
  const words = wordsIn(tags);
  return {
    persistent: isPersistent,
    ...(vcpus === "" ? {} : { cpus: Number(vcpus) }),
    ...(memoryMiB === "" ? {} : { ramBytes: Number(memoryMiB) * MIB }),
    ...(words.length === 0 ? {} : { tags: words }),
  };
}

export interface ForkDialogProps {
  readonly commit: Commit;
  readonly onClose: () => void;
}

export function ForkDialog({ commit: { commitId, sourceHostname }, onClose }: ForkDialogProps) {
  const [asked, setAsked] = useState(AS_THE_SOURCE);
  const [, navigate] = useLocation();
  const queries = useQueryClient();
  const forking = useMutation({
    mutationFn: () => client.commits.fork(commitId, requestOf(asked), { wait: "none" }),
    onSuccess: async ({ hostname }) => {
      toast(`${hostname} is on its way`);
      onClose();
      await queries.invalidateQueries({ queryKey: KEYS.vms });
      navigate(vmAddress(hostname));
    },
  });
  return (
    <Dialog
      title={`Fork ${commitId}`}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" busy={forking.isPending} onClick={() => forking.mutate()}>
            Make a VM of it
          </Button>
        </>
      }
    >
      <p>
        The VM boots with the disk that {sourceHostname} had, under a name, keys and identity of its
        own.
      </p>
      <Fields asked={asked} onChange={setAsked} />
      {forking.error && <ErrorNote error={forking.error} />}
    </Dialog>
  );
}

function Fields({
  asked,
  onChange,
}: {
  readonly asked: Asked;
  readonly onChange: (asked: Asked) => void;
}) {
  const set = (change: Partial<Asked>) => onChange({ ...asked, ...change });
  return (
    <>
      <div className="field-row">
        <TextField
          label="vCPUs"
          type="number"
          min={1}
          placeholder="as the source"
          value={asked.vcpus}
          onChange={({ target }) => set({ vcpus: target.value })}
        />
        <TextField
          label="Memory, MiB"
          type="number"
          min={64}
          placeholder="as the source"
          value={asked.memoryMiB}
          onChange={({ target }) => set({ memoryMiB: target.value })}
        />
      </div>
      <TextField
        label="More tags"
        hint="Beside those of the source; separated by spaces or commas."
        value={asked.tags}
        onChange={({ target }) => set({ tags: target.value })}
      />
      <Check
        label="Persistent"
        hint="Its disk is kept when it stops. Otherwise it is gone when it ends."
        checked={asked.isPersistent}
        onChange={({ target }) => set({ isPersistent: target.checked })}
      />
    </>
  );
}
