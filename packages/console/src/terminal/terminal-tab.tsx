/** Terminals of one VM: those that its guest keeps, or a plain shell where its agent is too old for that. */

import { SquareTerminal } from "lucide-react";
import { useState } from "react";

import { Button } from "../ui/button.tsx";
import { EmptyState } from "../ui/empty-state.tsx";
import { ErrorNote } from "../ui/error-note.tsx";
import { RowsLoading } from "../ui/page-loading.tsx";
import { PlainShell } from "./plain-shell.tsx";
import { TerminalBoard } from "./terminal-board.tsx";
import type { TerminalVm } from "./terminal-source.ts";
import { isTooOld, useTerminals } from "./use-terminals.ts";

export function TerminalTab({ vm }: { readonly vm: TerminalVm }) {
  const canAsk = vm.actions.includes("shell");
  const { list, open, end } = useTerminals(vm, canAsk);
  const [chosen, choose] = useState<string>();
  const openOne = (): void => open.mutate(undefined, { onSuccess: ({ id }) => choose(id) });
  if (isTooOld(list.error)) return <PlainShell vm={vm} />;
  if (!list.data) {
    if (!canAsk) return <NotNow vm={vm} />;
    if (list.error) return <ErrorNote error={list.error} onRetry={() => void list.refetch()} />;
    return <RowsLoading />;
  }
  return (
    <>
      {open.error && <ErrorNote error={open.error} onRetry={openOne} />}
      {list.data.length === 0 ? (
        <NoTerminals onOpen={openOne} isOpening={open.isPending} />
      ) : (
        <TerminalBoard
          vm={vm}
          kept={list.data}
          chosen={chosen}
          onChoose={choose}
          onOpen={openOne}
          isOpening={open.isPending}
          onEnd={end}
        />
      )}
    </>
  );
}

function NoTerminals({
  onOpen,
  isOpening,
}: {
  readonly onOpen: () => void;
  readonly isOpening: boolean;
}) {
  return (
    <EmptyState
      title="No terminals"
      action={
        <Button kind="primary" icon={SquareTerminal} busy={isOpening} onClick={onOpen} autoFocus>
          Open a terminal
        </Button>
      }
    >
      <p>
        A terminal is a shell that the guest keeps: it goes on when this page is closed or the
        daemon is restarted, and is here again when you come back.
      </p>
    </EmptyState>
  );
}

function NotNow({ vm }: { readonly vm: TerminalVm }) {
  return (
    <EmptyState title={`${vm.hostname} is ${vm.phase}`}>
      <p>Terminals can be opened while it runs and its agent answers.</p>
    </EmptyState>
  );
}
