/** The button in the frame, and Ctrl+K: type a page or a VM and be there. */

import { type KeyboardEvent, useEffect, useId, useState } from "react";
import { Search } from "lucide-react";
import { useLocation } from "wouter";

import { useAccounts } from "../live/accounts.ts";
import { Dialog } from "../ui/dialog.tsx";
import { count } from "../ui/figures.ts";
import { PhaseBadge } from "../ui/phase-badge.tsx";
import "./command-palette.css";
import { NAVIGATION } from "./pages.tsx";
import { vmAddress } from "./vm-address.ts";

const MOST = 12;

interface Destination {
  readonly to: string;
  readonly label: string;
  readonly hint?: string;
  readonly phase?: string;
}

export function CommandPalette() {
  const [isOpen, setOpen] = useState(false);
  useEffect(() => {
    const onKey = (event: globalThis.KeyboardEvent): void => {
      if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "k") return;
      event.preventDefault();
      // Beside another dialog it would take somebody away from what they are asked.
      setOpen((open) => !open && !document.querySelector("dialog[open]"));
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
  return (
    <>
      <button type="button" className="palette-opener" onClick={() => setOpen(true)}>
        <Search size={15} aria-hidden />
        <span>Go to…</span>
        <kbd aria-hidden>Ctrl K</kbd>
      </button>
      {isOpen && (
        <Dialog title="Go to" onClose={() => setOpen(false)}>
          <Chooser onDone={() => setOpen(false)} />
        </Dialog>
      )}
    </>
  );
}

function Chooser({ onDone }: { readonly onDone: () => void }) {
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const [, navigate] = useLocation();
  const listId = useId();
  const shown = useDestinations(text);
  const chosen = Math.min(at, shown.length - 1);
  const go = (to: string | undefined): void => {
    if (to === undefined) return;
    onDone();
    navigate(to);
  };
  const onKey = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Enter") go(shown[chosen]?.to);
    else if (step === undefined) return;
    else setAt(Math.max(0, Math.min(shown.length - 1, chosen + step)));
    event.preventDefault();
  };
  return (
    <div className="palette">
      <input
        className="field-input"
        role="combobox"
        aria-label="Page or VM"
        aria-expanded
        aria-controls={listId}
        aria-activedescendant={shown[chosen] ? `${listId}-${chosen}` : undefined}
        placeholder="A page or a VM"
        value={text}
        onChange={({ target }) => setText(target.value)}
        onKeyDown={onKey}
        autoFocus
      />
      <Options id={listId} shown={shown} chosen={chosen} go={go} />
      <p role="status" className={shown.length === 0 ? "muted" : "unseen"}>
        {shown.length === 0 ? "Nothing has that in its name." : count(shown.length, "destination")}
      </p>
    </div>
  );
}

interface OptionsProps {
  readonly id: string;
  readonly shown: readonly Destination[];
  readonly chosen: number;
  readonly go: (to: string) => void;
}

function Options({ id, shown, chosen, go }: OptionsProps) {
  return (
    <ul id={id} role="listbox" aria-label="Destinations" className="palette-list">
      {shown.map(({ to, label, hint, phase }, index) => (
        <li
          key={to}
          id={`${id}-${index}`}
          role="option"
          aria-selected={index === chosen}
          ref={index === chosen ? intoSight : undefined}
          className="palette-option"
          onClick={() => go(to)}
        >
          <span className="truncate">{label}</span>
          {phase !== undefined && <PhaseBadge phase={phase} />}
          {hint !== undefined && <kbd>{hint}</kbd>}
        </li>
      ))}
    </ul>
  );
}

function intoSight(option: HTMLElement | null): void {
  option?.scrollIntoView({ block: "nearest" });
}

/** VMs are asked for where no page has done so yet. */
function useDestinations(text: string): readonly Destination[] {
  const vms = useAccounts().data ?? [];
  const wanted = text.trim().toLowerCase();
  const pages = NAVIGATION.map(({ to, label, key }) => ({ to, label, hint: `g ${key}` }));
  const machines = vms.map(({ hostname, phase, friendlyName }) => {
    const label = friendlyName === undefined ? hostname : `${hostname} (${friendlyName})`;
    return { to: vmAddress(hostname), label, phase };
  });
  const all: readonly Destination[] = [...pages, ...machines];
  return all.filter(({ label }) => label.toLowerCase().includes(wanted)).slice(0, MOST);
}
