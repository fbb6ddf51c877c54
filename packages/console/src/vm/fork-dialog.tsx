/** Children of a VM that runs: asks how they are to be, then shows who they are. */

import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";

import { client } from "../app/client.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { ErrorNote } from "../ui/error-note.tsx";
import { Check, TextField } from "../ui/field.tsx";
import { count as counted } from "../ui/figures.ts";
import { wordsIn } from "../ui/words-in.ts";
import "./fork-dialog.css";
import { Forked } from "./forked.tsx";
import { SecretChoice } from "./secret-choice.tsx";
import type { VmState } from "./vm-state.ts";

const MOST = 16;

interface ForkDialogProps {
  readonly vm: VmState;
  readonly onClose: () => void;
}

interface Wish {
  readonly count: number;
  readonly tags: readonly string[];
  readonly persistent: boolean;
  /** `undefined`: those of the source */
  readonly secrets: readonly string[] | undefined;
}

export function ForkDialog({ vm, onClose }: ForkDialogProps) {
  const forking = useMutation({
    mutationFn: ({ secrets, ...wish }: Wish) =>
      client.vms
        .attach(vm.group, vm.hostname)
        .fork({ ...wish, ...(secrets === undefined ? {} : { secrets }) }),
  });
  if (forking.data) return <Forked forked={forking.data} onClose={onClose} />;
  return (
    <ForkForm
      vm={vm}
      onClose={onClose}
      busy={forking.isPending}
      error={forking.error}
      onFork={(wish) => forking.mutate(wish)}
    />
  );
}

interface ForkFormProps extends ForkDialogProps {
  readonly busy: boolean;
  readonly error: Error | null;
  readonly onFork: (wish: Wish) => void;
}

function ForkForm({ vm, onClose, busy, error, onFork }: ForkFormProps) {
  const [draft, setDraft] = useState<Draft>({
    count: "1",
    tags: "",
    persistent: vm.persistent,
    secrets: undefined,
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onFork({ ...draft, count: Number(draft.count), tags: wordsIn(draft.tags) });
  };
  return (
    <Dialog
      title={`Fork ${vm.hostname}`}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" form="fork" busy={busy}>
            {`Make ${counted(Number(draft.count), "child", "children")}`}
          </Button>
        </>
      }
    >
      <form id="fork" className="fork-dialog" onSubmit={submit}>
        <p>
          Each child begins with the memory and the disk of {vm.hostname} as they are now, under a
          name, an address and keys of its own. {vm.hostname} goes on.
        </p>
        <ForkFields
          vm={vm}
          draft={draft}
          onChange={(change) => setDraft({ ...draft, ...change })}
        />
      </form>
      {error && <ErrorNote error={error} />}
    </Dialog>
  );
}

/** A wish with its number and its tags as they are typed. */
interface Draft extends Omit<Wish, "count" | "tags"> {
  readonly count: string;
  readonly tags: string;
}

interface ForkFieldsProps {
  readonly vm: VmState;
  readonly draft: Draft;
  readonly onChange: (change: Partial<Draft>) => void;
}

function ForkFields({ vm, draft, onChange }: ForkFieldsProps) {
  return (
    <>
      <TextField
        label="How many"
        type="number"
        required
        min={1}
        max={MOST}
        value={draft.count}
        onChange={({ target }) => onChange({ count: target.value })}
        hint={`1 to ${MOST}`}
      />
      <TextField
        label="Further tags"
        value={draft.tags}
        onChange={({ target }) => onChange({ tags: target.value })}
        hint="Beside those of the source, separated by spaces."
      />
      <Check
        label="Keep their disks when they stop"
        checked={draft.persistent}
        onChange={({ target }) => onChange({ persistent: target.checked })}
      />
      <SecretChoice vm={vm} chosen={draft.secrets} onChange={(secrets) => onChange({ secrets })} />
    </>
  );
}
