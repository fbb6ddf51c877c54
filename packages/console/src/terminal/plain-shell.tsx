/** A shell of a guest whose agent is too old to keep terminals: it ends with its connection. */

import { SquareTerminal } from "lucide-react";
import { useState } from "react";

import { Button } from "../ui/button.tsx";
import { EmptyState } from "../ui/empty-state.tsx";
import { passingShell, type TerminalSource, type TerminalVm } from "./terminal-source.ts";
import { TerminalView } from "./terminal-view.tsx";
import { useReadOut } from "./use-read-out.ts";

export function PlainShell({ vm }: { readonly vm: TerminalVm }) {
  const [shell, setShell] = useState<TerminalSource>();
  const [isReadOut] = useReadOut();
  if (shell) {
    return (
      <TerminalView
        label={`Shell of ${vm.hostname}`}
        source={shell}
        isShown
        isReadOut={isReadOut}
        isReachable
        onTitle={() => undefined}
        onLeave={leave}
        onClose={() => setShell(undefined)}
      />
    );
  }
  return (
    <EmptyState
      title="This guest keeps no terminals"
      action={
        <Button
          kind="primary"
          icon={SquareTerminal}
          onClick={() => setShell(passingShell(vm))}
          autoFocus
        >
          Open a plain shell
        </Button>
      }
    >
      <p>
        Its agent is older than this daemon. Rebuild the VM's image for terminals that outlive this
        page; a plain shell ends when the page is closed or loaded again.
      </p>
    </EmptyState>
  );
}

function leave(): void {
  document.querySelector<HTMLElement>("main")?.focus();
}
