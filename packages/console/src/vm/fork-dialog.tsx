/** Children of a VM that runs: asks how they are to be, then shows who they are. */

import { useMutation, useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { Link } from "wouter";

import type { CamelKeys, LiveForked } from "@alcove/sdk/browser/index.ts";

import { client } from "../app/client.ts";
import { KEYS } from "../app/keys.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { ErrorNote } from "../ui/error-note.tsx";
import { Check, TextField } from "../ui/field.tsx";
import { count as counted, duration } from "../ui/figures.ts";
import "./fork-dialog.css";
import { tagsIn } from "./tag-words.ts";
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
    count: 1,
    tags: "",
    persistent: vm.persistent,
    secrets: undefined,
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onFork({ ...draft, tags: tagsIn(draft.tags) });
  };
  return (
    <Dialog
      title={`Fork ${vm.hostname}`}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" form="fork" busy={busy}>
            {`Make ${counted(draft.count, "child", "children")}`}
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

/** A wish with its tags as they are typed. */
interface Draft extends Omit<Wish, "tags"> {
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
        onChange={({ target }) =>
          onChange({ count: Math.min(MOST, Math.max(1, target.valueAsNumber || 1)) })
        }
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

interface SecretChoiceProps {
  readonly vm: VmState;
  readonly chosen: readonly string[] | undefined;
  readonly onChange: (chosen: readonly string[]) => void;
}

/** Begins with what the source sees. */
function SecretChoice({ vm, chosen = vm.secrets, onChange }: SecretChoiceProps) {
  const secrets = useQuery({
    queryKey: KEYS.secrets,
    queryFn: ({ signal }) => client.secrets.list({ signal }),
  });
  const names = secrets.data?.map(({ name }) => name) ?? vm.secrets;
  if (names.length === 0) return null;
  const toggle = (name: string, isOn: boolean) =>
    onChange(isOn ? [...chosen, name] : chosen.filter((it) => it !== name));
  return (
    <fieldset className="fork-dialog-secrets">
      <legend>Secrets that they see</legend>
      {names.map((name) => (
        <Check
          key={name}
          label={name}
          checked={chosen.includes(name)}
          onChange={({ target }) => toggle(name, target.checked)}
        />
      ))}
    </fieldset>
  );
}

interface ForkedProps {
  readonly forked: CamelKeys<LiveForked>;
  readonly onClose: () => void;
}

function Forked({ forked, onClose }: ForkedProps) {
  const { source, pauseMs, children, failures } = forked;
  const stood = pauseMs > 0 ? ` ${source} stood still for ${duration(pauseMs)}.` : "";
  return (
    <Dialog
      title={`${counted(children.length, "child", "children")} of ${source}`}
      onClose={onClose}
      footer={
        <Button kind="primary" onClick={onClose} autoFocus>
          Close
        </Button>
      }
    >
      <p>{`Each has confirmed that it is somebody of its own.${stood}`}</p>
      <ul className="fork-dialog-children">
        {children.map(({ hostname, ip }) => (
          <li key={hostname}>
            <Link href={`/vms/${encodeURIComponent(hostname)}`} onClick={onClose}>
              {hostname}
            </Link>
            {ip !== undefined && <span className="muted mono">{ip}</span>}
          </li>
        ))}
      </ul>
      {failures.map(({ code, message }, index) => (
        <ErrorNote key={`${code}-${index}`} error={new Error(message)} />
      ))}
    </Dialog>
  );
}
