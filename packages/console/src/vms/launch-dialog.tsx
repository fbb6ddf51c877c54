/** Launches a VM: its group first, and from that what it is held to. Then the page goes to it. */

import { useMutation, useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useLocation } from "wouter";

import { client } from "../app/client.ts";
import { KEYS } from "../app/keys.ts";
import { vmAddress } from "../app/vm-address.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { EmptyState } from "../ui/empty-state.tsx";
import { ErrorNote } from "../ui/error-note.tsx";
import { RowsLoading } from "../ui/page-loading.tsx";
import { toast } from "../ui/toast.ts";
import "./launch-dialog.css";
import { LaunchFields } from "./launch-fields.tsx";
import { EMPTY_FORM, type HostGroup, type LaunchForm, requestOf } from "./launch-form.ts";
import { type LaunchField, mistakesIn, problemsIn } from "./launch-problems.ts";

interface LaunchDialogProps {
  /** chosen at first, by name; absent: the first of all */
  readonly group?: string;
  readonly onClose: () => void;
}

export function LaunchDialog({ group, onClose }: LaunchDialogProps) {
  const groups = useQuery({
    queryKey: KEYS.groups,
    queryFn: ({ signal }) => client.host.groups({ signal }),
  });
  const usable = groups.data?.filter(({ network }) => network !== "routed") ?? [];
  if (usable.length > 0)
    return <Asking groups={usable} first={group ?? usable[0]?.name} onClose={onClose} />;
  return (
    <Dialog title="Launch a VM" onClose={onClose}>
      {groups.isPending && <RowsLoading rows={4} />}
      {groups.error && <ErrorNote error={groups.error} onRetry={() => void groups.refetch()} />}
      {groups.data && (
        <EmptyState title="There is no host group">
          A group says what its VMs are made from. Add one to the configuration file and start the
          daemon again.
        </EmptyState>
      )}
    </Dialog>
  );
}

const NO_MISTAKES: ReadonlyMap<LaunchField, string> = new Map();

interface AskingProps {
  readonly groups: readonly HostGroup[];
  /** name of the group that is chosen at first */
  readonly first: string | undefined;
  readonly onClose: () => void;
}

function Asking({ groups, first, onClose }: AskingProps) {
  const [name, setName] = useState(first);
  const [form, setForm] = useState(EMPTY_FORM);
  const group = groups.find((it) => it.name === name) ?? groups[0];
  const { launching, problems, submit } = useLaunch(group, form, onClose);
  return (
    <Dialog
      title="Launch a VM"
      onClose={onClose}
      wide
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" form="launch" busy={launching.isPending}>
            Launch VM
          </Button>
        </>
      }
    >
      <form id="launch" className="launch-dialog" onSubmit={submit} noValidate>
        {group && (
          <LaunchFields
            groups={groups}
            group={group}
            onGroup={setName}
            form={form}
            onChange={(change) => setForm((before) => ({ ...before, ...change }))}
            problems={problems.byField}
          />
        )}
      </form>
      {launching.error && !problems.isComplete && <ErrorNote error={launching.error} />}
    </Dialog>
  );
}

/** What is wrong with a form is said once it was to be sent, and as it is changed from then on. */
function useLaunch(group: HostGroup | undefined, form: LaunchForm, onClose: () => void) {
  const [isSent, setSent] = useState(false);
  const [, navigate] = useLocation();
  const launching = useMutation({
    mutationFn: (of: HostGroup) => client.vms.create(of.name, requestOf(form, of)),
    onSuccess: ({ hostname }) => {
      toast(`${hostname} is starting`);
      onClose();
      navigate(vmAddress(hostname));
    },
  });
  const mistakes = group ? mistakesIn(form, group.limits) : NO_MISTAKES;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setSent(true);
    if (group && mistakes.size === 0 && !launching.isPending) launching.mutate(group);
  };
  const problems =
    isSent && mistakes.size > 0
      ? { byField: mistakes, isComplete: true }
      : problemsIn(launching.error);
  return { launching, problems, submit };
}
