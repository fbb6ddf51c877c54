/** What may be done with all that are selected: what each of them allows. Says how far it is, and who failed and why. */

import { useMutation } from "@tanstack/react-query";
import { X } from "lucide-react";
import { useState } from "react";

import type { VmAccount } from "../live/vm-account.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { count } from "../ui/figures.ts";
import { toast } from "../ui/toast.ts";
import { legible } from "../ui/visible.ts";
import { perform, type SimpleCommand } from "../vm/perform.ts";
import { COMMANDS } from "../vm/vm-actions.ts";
import { type BulkFailure, doneWords, lossOfMany, performAll, sharedCommands } from "./bulk.ts";
import "./bulk-bar.css";
import type { Selection } from "./use-selection.ts";

interface Order {
  readonly command: SimpleCommand;
  readonly vms: readonly VmAccount[];
}

export function BulkBar({ selection }: { readonly selection: Selection }) {
  const { vms } = selection;
  const [asked, setAsked] = useState<Order>();
  const { doing, done, start } = useBulk();
  const order = doing.variables;
  const press = (command: SimpleCommand) => {
    if (lossOfMany(command, vms).length > 0) setAsked({ command, vms });
    else start({ command, vms });
  };
  if (vms.length === 0 && !doing.isPending && !doing.data?.length) return null;
  return (
    <section className="bulk-bar" aria-label="Selected VMs">
      {doing.isPending && order ? (
        <p role="status" className="number">
          {`${labelOf(order.command)}: ${done} of ${count(order.vms.length, "VM")}`}
        </p>
      ) : (
        <Commands selection={selection} onPress={press} />
      )}
      {asked && (
        <Asking
          order={asked}
          onClose={() => setAsked(undefined)}
          onConfirm={() => {
            setAsked(undefined);
            start(asked);
          }}
        />
      )}
      {order && doing.data && doing.data.length > 0 && (
        <Failures order={order} failures={doing.data} onDismiss={doing.reset} />
      )}
    </section>
  );
}

function useBulk() {
  const [done, setDone] = useState(0);
  const doing = useMutation({
    mutationFn: ({ command, vms }: Order) =>
      performAll(
        vms,
        (vm) => perform(command, vm),
        () => setDone((before) => before + 1),
      ),
    onSuccess: (failures, { command, vms }) => {
      const failed = new Set(failures.map(({ hostname }) => hostname));
      const went = vms.filter(({ hostname }) => !failed.has(hostname));
      if (went.length > 0) toast(doneWords(command, went));
    },
  });
  const start = (order: Order) => {
    setDone(0);
    doing.mutate(order);
  };
  return { doing, done, start };
}

function labelOf(command: SimpleCommand): string {
  return COMMANDS.find((look) => look.command === command)?.label ?? command;
}

interface CommandsProps {
  readonly selection: Selection;
  readonly onPress: (command: SimpleCommand) => void;
}

function Commands({ selection, onPress }: CommandsProps) {
  const { vms } = selection;
  if (vms.length === 0) return null;
  const shared = sharedCommands(vms);
  return (
    <div className="bulk-bar-row">
      <p role="status" className="number">{`${count(vms.length, "VM")} selected`}</p>
      {COMMANDS.map(({ command, label, icon }) => {
        const bulk = shared.find((it) => it === command);
        return (
          bulk && (
            <Button
              key={command}
              icon={icon}
              kind={bulk === "delete" ? "danger" : "plain"}
              onClick={() => onPress(bulk)}
            >
              {label}
            </Button>
          )
        );
      })}
      {shared.length === 0 && <p className="muted">Nothing that all of them allow now.</p>}
      <Button kind="quiet" icon={X} onClick={() => selection.set([])}>
        Select none
      </Button>
    </div>
  );
}

interface AskingProps {
  readonly order: Order;
  readonly onClose: () => void;
  readonly onConfirm: () => void;
}

/** Closes at once: the bar says what becomes of it. */
function Asking({ order, onClose, onConfirm }: AskingProps) {
  const { command, vms } = order;
  const [first] = vms;
  const whom = vms.length === 1 && first ? first.hostname : count(vms.length, "VM");
  const verb = `${labelOf(command)} ${whom}`;
  return (
    <Dialog
      title={`${verb}?`}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="danger" onClick={onConfirm} autoFocus>
            {verb}
          </Button>
        </>
      }
    >
      <div className="bulk-bar-losses">
        {lossOfMany(command, vms).map((sentence) => (
          <p key={sentence}>{sentence}</p>
        ))}
      </div>
    </Dialog>
  );
}

const SHOWN = 10;

interface FailuresProps {
  readonly order: Order;
  readonly failures: readonly BulkFailure[];
  readonly onDismiss: () => void;
}

function Failures({ order, failures, onDismiss }: FailuresProps) {
  const more = failures.length - SHOWN;
  return (
    <div className="bulk-bar-failures" role="alert">
      <p>
        {`${labelOf(order.command)} failed for ${failures.length} of ${count(order.vms.length, "VM")}:`}
      </p>
      <ul>
        {failures.slice(0, SHOWN).map(({ hostname, why }) => (
          <li key={hostname}>
            <strong>{hostname}</strong> {legible(why)}
          </li>
        ))}
        {more > 0 && <li>{`and ${more} more`}</li>}
      </ul>
      <Button kind="quiet" onClick={onDismiss}>
        Dismiss
      </Button>
    </div>
  );
}
