/** Which keys do what, and whether single letters do anything: who speaks to a computer may press them without meaning to. */

import { Keyboard } from "lucide-react";
import { useState } from "react";

import { IconButton } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { Facts } from "../ui/facts.tsx";
import { Check } from "../ui/field.tsx";
import { areLettersOn, setLettersOn } from "./letter-keys.ts";
import { NAVIGATION } from "./pages.tsx";

const ELSEWHERE = [
  ["Ctrl+K", "go to a page or a VM by its name"],
  ["/", "filter the list of VMs"],
  ["↑ ↓, Enter, Space", "in the list of VMs: move, open, select"],
  ["↑ ↓, Enter, Backspace", "in a list of files: move, open, go up"],
  ["Ctrl+F", "search in an output or a serial console that has the focus"],
  ["Ctrl+Shift+F", "search in a terminal"],
  ["Ctrl+Shift+L", "leave a terminal"],
] as const;

export function ShortcutsButton() {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <IconButton icon={Keyboard} label="Keyboard shortcuts" onClick={() => setOpen(true)} />
      {isOpen && <ShortcutsDialog onClose={() => setOpen(false)} />}
    </>
  );
}

function ShortcutsDialog({ onClose }: { readonly onClose: () => void }) {
  const [areOn, setOn] = useState(areLettersOn);
  const change = (on: boolean): void => {
    setLettersOn(on);
    setOn(on);
  };
  const pages = NAVIGATION.map(({ key, label }) => [`g, then ${key}`, label] as const);
  return (
    <Dialog title="Keyboard shortcuts" onClose={onClose}>
      <Facts rows={[...ELSEWHERE, ...pages].map(([keys, what]) => [keys, what])} />
      <Check
        label="Shortcuts without Ctrl"
        hint="Turn them off if speech or another tool presses letters for you: / and g then do nothing."
        checked={areOn}
        onChange={({ target }) => change(target.checked)}
      />
    </Dialog>
  );
}
