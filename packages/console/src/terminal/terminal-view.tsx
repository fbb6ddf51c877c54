/** One terminal: its screen, a bar that says how it stands, and what it asks. */

import "@xterm/xterm/css/xterm.css";
import { useEffect, useId, useRef } from "react";

import { Button } from "../ui/button.tsx";
import { PasteDialog, AddressDialog } from "./questions.tsx";
import { TerminalSearch } from "./terminal-search.tsx";
import type { LinkState } from "./terminal-link.ts";
import "./terminal-view.css";
import { type TerminalWishes, useTerminal } from "./use-terminal.ts";

export interface TerminalViewProps extends TerminalWishes {
  readonly label: string;
  readonly onClose: () => void;
}

export function TerminalView({ label, onClose, ...wishes }: TerminalViewProps) {
  const home = useRef<HTMLDivElement>(null);
  const keysId = useId();
  const used = useTerminal(home, wishes);
  const { state, screen, question, answer } = used;
  useEffect(() => screen.current?.describe(label, keysId), [screen, label, keysId]);
  return (
    <section className="terminal-view" aria-label={label} hidden={!wishes.isShown}>
      {used.isSearching && (
        <TerminalSearch
          found={used.found}
          onFind={(text, direction) => screen.current?.find(text, direction)}
          onClose={() => {
            screen.current?.find("", "next");
            used.setSearching(false);
            screen.current?.focus();
          }}
        />
      )}
      <div
        ref={home}
        className={
          state.is === "live" ? "terminal-view-screen" : "terminal-view-screen terminal-view-shut"
        }
      />
      <div className={`terminal-view-bar terminal-view-${state.is}`}>
        <p role="status">{wordsFor(state)}</p>
        <StateButton state={state} onHurry={used.hurry} onClose={onClose} />
        <p id={keysId} className="terminal-view-keys">
          <kbd>Ctrl+Shift+L</kbd> leaves the terminal; with <kbd>F</kbd> it searches, with{" "}
          <kbd>C</kbd> it copies, with <kbd>V</kbd> it pastes
        </p>
      </div>
      {question?.about === "paste" && <PasteDialog text={question.text} onAnswer={answer} />}
      {question?.about === "address" && (
        <AddressDialog address={question.address} onAnswer={answer} />
      )}
    </section>
  );
}

interface StateButtonProps {
  readonly state: LinkState;
  readonly onHurry: () => void;
  readonly onClose: () => void;
}

function StateButton({ state, onHurry, onClose }: StateButtonProps) {
  if (state.is === "away") return <Button onClick={onHurry}>Try now</Button>;
  if (state.is === "exited" || state.is === "gone") {
    return <Button onClick={onClose}>Close it</Button>;
  }
  return null;
}

function wordsFor(state: LinkState): string {
  switch (state.is) {
    case "connecting":
      return "Connecting";
    case "live":
      return "Connected";
    case "away":
      return `${state.why} Trying again; until then this is what was shown, and nothing can be typed.`;
    case "exited":
      return state.code === undefined
        ? "The shell has ended."
        : `The shell has ended with code ${state.code}.`;
    case "gone":
      return state.why;
    default:
      return state satisfies never;
  }
}
