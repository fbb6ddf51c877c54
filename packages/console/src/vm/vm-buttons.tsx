/** What may be done with a VM now, as buttons. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";

import { AlcoveApiError } from "@alcove/sdk/browser/index.ts";

import { KEYS } from "../app/keys.ts";
import { Button } from "../ui/button.tsx";
import { ConfirmDialog } from "../ui/confirm-dialog.tsx";
import { ErrorNote } from "../ui/error-note.tsx";
import { toast } from "../ui/toast.ts";
import { CommitDialog } from "./commit-dialog.tsx";
import { ForkDialog } from "./fork-dialog.tsx";
import { perform, type SimpleCommand } from "./perform.ts";
import { type CommandLook, commandsOf, lossOf } from "./vm-actions.ts";
import "./vm-buttons.css";
import type { VmState } from "./vm-state.ts";

export function VmButtons({ vm }: { readonly vm: VmState }) {
  const [asked, setAsked] = useState<CommandLook>();
  const doing = useCommand(vm);
  const press = (look: CommandLook) => {
    doing.reset();
    const { command } = look;
    if (command === "fork" || command === "commit" || lossOf(command, vm)) setAsked(look);
    else doing.mutate(command);
  };
  return (
    <div className="vm-buttons">
      <div className="vm-buttons-row" role="group" aria-label={`Actions for ${vm.hostname}`}>
        {commandsOf(vm.actions).map((look) => (
          <Button
            key={look.command}
            kind={look.command === "delete" ? "danger" : "plain"}
            icon={look.icon}
            busy={doing.isPending && doing.variables === look.command}
            disabled={doing.isPending}
            onClick={() => press(look)}
          >
            {look.label}
          </Button>
        ))}
      </div>
      {doing.error && !isOld(doing.error, doing.context, vm) && <ErrorNote error={doing.error} />}
      {asked && <Asking look={asked} vm={vm} onClose={() => setAsked(undefined)} />}
    </div>
  );
}

interface AskingProps {
  readonly look: CommandLook;
  readonly vm: VmState;
  readonly onClose: () => void;
}

function Asking({ look, vm, onClose }: AskingProps) {
  const doing = useCommand(vm);
  const { command } = look;
  if (command === "fork") return <ForkDialog vm={vm} onClose={onClose} />;
  if (command === "commit") return <CommitDialog vm={vm} onClose={onClose} />;
  const verb = `${look.label} ${vm.hostname}`;
  return (
    <ConfirmDialog
      title={`${verb}?`}
      verb={verb}
      onConfirm={() => doing.mutateAsync(command)}
      onClose={onClose}
    >
      {lossOf(command, vm)?.map((sentence) => (
        <p key={sentence}>{sentence}</p>
      ))}
    </ConfirmDialog>
  );
}

/** What a command was asked for in. */
interface Asked {
  readonly phase: string;
}

/** That it came too late for a phase says nothing any more when another one is shown. */
function isOld(error: Error, asked: Asked | undefined, { phase }: VmState): boolean {
  const isLate = error instanceof AlcoveApiError && error.code === "wrong_phase";
  return isLate && asked?.phase !== phase;
}

function useCommand(vm: VmState) {
  const queries = useQueryClient();
  const [, navigate] = useLocation();
  return useMutation({
    onMutate: (): Asked => ({ phase: vm.phase }),
    mutationFn: (command: SimpleCommand) => perform(command, vm),
    onSuccess: (_, command) => {
      const done = commandsOf([command])[0]?.done ?? "";
      toast(`${vm.hostname} ${done}`);
      if (command === "delete") navigate("/vms");
    },
    onSettled: (_, error, command) => {
      if (command === "delete" && !error) return undefined;
      return queries.invalidateQueries({ queryKey: KEYS.vm(vm.hostname) });
    },
  });
}
