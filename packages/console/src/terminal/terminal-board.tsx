/** Tabs of terminals: one screen each, made when it is first looked at, and kept while the page is open. */

import { Plus, X } from "lucide-react";
import { type RefObject, useRef, useState } from "react";

import { Button, IconButton } from "../ui/button.tsx";
import { ConfirmDialog } from "../ui/confirm-dialog.tsx";
import { Check } from "../ui/field.tsx";
import { toast } from "../ui/toast.ts";
import "./terminal-board.css";
import {
  isRunning,
  keptTerminal,
  type TerminalSource,
  type TerminalVm,
} from "./terminal-source.ts";
import { TerminalView } from "./terminal-view.tsx";
import { useReadOut } from "./use-read-out.ts";
import type { KeptTerminal } from "./use-terminals.ts";

export interface TerminalBoardProps {
  readonly vm: TerminalVm;
  readonly kept: readonly KeptTerminal[];
  readonly chosen: string | undefined;
  readonly onChoose: (id: string) => void;
  readonly onOpen: () => void;
  readonly isOpening: boolean;
  readonly onEnd: (id: string) => Promise<void>;
}

export function TerminalBoard(props: TerminalBoardProps) {
  const { vm, kept, chosen } = props;
  const current = kept.find(({ id }) => id === chosen) ?? kept.at(-1);
  const { nameOf, setTitle } = useNames(kept);
  const [isReadOut, setReadOut] = useReadOut();
  const closing = useClosing(vm, props.onEnd);
  const seen = useSeen(vm, current?.id);
  const currentTab = useRef<HTMLButtonElement>(null);
  return (
    <div className="terminal-board">
      <div className="terminal-board-head">
        <TabStrip
          {...{ ...props, current: current?.id, currentTab, nameOf, onClose: closing.ask }}
        />
        <Button icon={Plus} kind="quiet" busy={props.isOpening} onClick={props.onOpen}>
          New terminal
        </Button>
        <Check
          label="Screen reader"
          checked={isReadOut}
          onChange={({ target }) => setReadOut(target.checked)}
        />
      </div>
      {kept.map(({ id }) => {
        const source = seen.get(id);
        return (
          source && (
            <TerminalView
              key={id}
              label={nameOf(id)}
              source={source}
              isShown={id === current?.id}
              isReadOut={isReadOut}
              isReachable={vm.actions.includes("shell")}
              onTitle={(title) => setTitle(id, title)}
              onLeave={() => currentTab.current?.focus()}
              onClose={() => closing.ask(id)}
            />
          )
        );
      })}
      <CloseDialog closing={closing} nameOf={nameOf} />
    </div>
  );
}

interface TabStripProps extends Pick<TerminalBoardProps, "kept" | "onChoose"> {
  readonly current: string | undefined;
  readonly currentTab: RefObject<HTMLButtonElement | null>;
  readonly nameOf: (id: string) => string;
  readonly onClose: (id: string) => void;
}

function TabStrip({ kept, current, currentTab, nameOf, onChoose, onClose }: TabStripProps) {
  return (
    <ul className="terminal-board-tabs" aria-label="Terminals">
      {kept.map(({ id }) => {
        const isCurrent = id === current;
        return (
          <li key={id} className={isCurrent ? "terminal-board-current" : undefined}>
            <button
              type="button"
              ref={isCurrent ? currentTab : undefined}
              aria-current={isCurrent || undefined}
              onClick={() => onChoose(id)}
            >
              {nameOf(id)}
            </button>
            <IconButton icon={X} label={`Close ${nameOf(id)}`} onClick={() => onClose(id)} />
          </li>
        );
      })}
    </ul>
  );
}

interface CloseDialogProps {
  readonly closing: ReturnType<typeof useClosing>;
  readonly nameOf: (id: string) => string;
}

function CloseDialog({ closing: { asked, end, leave }, nameOf }: CloseDialogProps) {
  if (asked === undefined) return null;
  return (
    <ConfirmDialog
      title={`Close ${nameOf(asked)}?`}
      verb="End what runs in it"
      onConfirm={end}
      onClose={leave}
    >
      <p>
        Its shell still runs. The shell and what was started from it are ended, for everybody who
        works at it.
      </p>
    </ConfirmDialog>
  );
}

/** What terminals are called: their place in the list, and the title that a program gave them. */
function useNames(kept: readonly KeptTerminal[]) {
  const [titles, setTitles] = useState<ReadonlyMap<string, string | undefined>>(new Map());
  const nameOf = (id: string): string => {
    const number = kept.findIndex((it) => it.id === id) + 1;
    const title = titles.get(id);
    return title === undefined ? `Terminal ${number}` : `${number} · ${title}`;
  };
  const setTitle = (id: string, title: string | undefined): void =>
    setTitles((known) => new Map([...known, [id, title]]));
  return { nameOf, setTitle };
}

/** Terminals that were looked at: each is attached to from then on. */
function useSeen(vm: TerminalVm, id: string | undefined): ReadonlyMap<string, TerminalSource> {
  const [seen, setSeen] = useState<ReadonlyMap<string, TerminalSource>>(new Map());
  if (id !== undefined && !seen.has(id)) {
    setSeen(new Map([...seen, [id, keptTerminal(vm, id)]]));
  }
  return seen;
}

/** Asks once when a shell runs, and nothing when it has ended. */
function useClosing(vm: TerminalVm, onEnd: (id: string) => Promise<void>) {
  const [asked, setAsked] = useState<string>();
  const look = async (id: string): Promise<void> => {
    if (await isRunning(vm, id)) setAsked(id);
    else await onEnd(id);
  };
  const ask = (id: string): void => {
    look(id).catch((error: unknown) => toast(`It was not closed: ${String(error)}`));
  };
  const end = async (): Promise<void> => {
    if (asked !== undefined) await onEnd(asked);
  };
  return { asked, ask, end, leave: () => setAsked(undefined) };
}
