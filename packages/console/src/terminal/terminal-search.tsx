/** Searches in what a terminal shows and has shown: Enter goes up to older lines, Shift+Enter down, Escape ends it. */

import { ChevronDown, ChevronUp, X } from "lucide-react";
import { useEffect, useRef, useState } from "react";

import { IconButton } from "../ui/button.tsx";

export interface TerminalSearchProps {
  /** how often it is there, in words */
  readonly found: string;
  readonly onFind: (text: string, direction: "next" | "previous") => void;
  readonly onClose: () => void;
}

export function TerminalSearch({ found, onFind, onClose }: TerminalSearchProps) {
  const [text, setText] = useState("");
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);
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
          onFind(target.value, "previous");
        }}
        onKeyDown={(event) => {
          if (event.key === "Escape") onClose();
          if (event.key !== "Enter") return;
          event.preventDefault();
          onFind(text, event.shiftKey ? "next" : "previous");
        }}
      />
      <span role="status" className="terminal-view-found number">
        {text !== "" && found}
      </span>
      <IconButton icon={ChevronUp} label="Older match" onClick={() => onFind(text, "previous")} />
      <IconButton icon={ChevronDown} label="Newer match" onClick={() => onFind(text, "next")} />
      <IconButton icon={X} label="End the search" onClick={onClose} />
    </search>
  );
}
