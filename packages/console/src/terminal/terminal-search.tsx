/** Searches in what a terminal shows and has shown: Enter goes up to older lines, Shift+Enter down, Escape ends it. */

import { ChevronDown, ChevronUp, X } from "lucide-react";
import { useEffect, useRef, useState } from "react";

import { IconButton } from "../ui/button.tsx";

export interface TerminalSearchProps {
  /** @returns whether it is there */
  readonly onFind: (text: string, direction: "next" | "previous") => boolean;
  readonly onClose: () => void;
}

export function TerminalSearch({ onFind, onClose }: TerminalSearchProps) {
  const [text, setText] = useState("");
  const [isThere, setThere] = useState(true);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);
  const find = (wanted: string, direction: "next" | "previous"): void =>
    setThere(onFind(wanted, direction));
  return (
    <search className="terminal-view-search">
      <input
        ref={input}
        type="search"
        className="field-input"
        aria-label="Search in the terminal"
        placeholder="Search"
        value={text}
        onChange={({ target }) => {
          setText(target.value);
          find(target.value, "previous");
        }}
        onKeyDown={(event) => {
          if (event.key === "Escape") onClose();
          if (event.key !== "Enter") return;
          event.preventDefault();
          find(text, event.shiftKey ? "next" : "previous");
        }}
      />
      <span role="status" className="small muted">
        {isThere ? "" : "nowhere"}
      </span>
      <IconButton icon={ChevronUp} label="Older match" onClick={() => find(text, "previous")} />
      <IconButton icon={ChevronDown} label="Newer match" onClick={() => find(text, "next")} />
      <IconButton icon={X} label="End the search" onClick={onClose} />
    </search>
  );
}
