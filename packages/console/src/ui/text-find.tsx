/** The field of a search in lines: Enter goes on, Shift+Enter back, Escape ends it. */

import { ChevronDown, ChevronUp } from "lucide-react";
import { type KeyboardEvent, type RefObject, useEffect } from "react";

import { IconButton } from "./button.tsx";
import "./text-find.css";
import { MAX_MATCHES } from "./text-search.ts";
import type { TextFinding } from "./use-text-find.ts";

export interface TextFindProps {
  readonly label: string;
  readonly finding: TextFinding;
  readonly input: RefObject<HTMLInputElement | null>;
}

export function TextFind({ label, finding, input }: TextFindProps) {
  const { wanted, setWanted, found, step } = finding;
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === "Escape") setWanted("");
    if (event.key !== "Enter") return;
    event.preventDefault();
    step(event.shiftKey ? -1 : 1);
  };
  return (
    <search className="text-find">
      <input
        ref={input}
        type="search"
        className="field-input"
        aria-label={label}
        placeholder="Search"
        value={wanted}
        onChange={({ target }) => setWanted(target.value)}
        onKeyDown={onKey}
      />
      <span className="text-find-count number" role="status">
        {wanted !== "" && countOf(finding)}
      </span>
      <IconButton
        icon={ChevronUp}
        label="Previous match"
        disabled={found.length === 0}
        onClick={() => step(-1)}
      />
      <IconButton
        icon={ChevronDown}
        label="Next match"
        disabled={found.length === 0}
        onClick={() => step(1)}
      />
    </search>
  );
}

function countOf({ found, at }: TextFinding): string {
  if (found.length === 0) return "nowhere";
  const all = found.length >= MAX_MATCHES ? `${MAX_MATCHES}+` : String(found.length);
  return at === -1 ? all : `${at + 1} of ${all}`;
}

/** Ctrl+F searches in what is here while the focus is in `area`; elsewhere it is the browser's. */
export function useFindKey(
  area: RefObject<HTMLElement | null>,
  input: RefObject<HTMLInputElement | null>,
): void {
  useEffect(() => {
    const onKey = (event: globalThis.KeyboardEvent): void => {
      const isFind = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "f";
      if (!isFind || !area.current?.contains(document.activeElement)) return;
      event.preventDefault();
      input.current?.select();
      input.current?.focus();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [area, input]);
}
