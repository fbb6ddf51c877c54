/** A search in lines that go on growing: what is found, and which of it is the current one. */

import { useMemo, useState } from "react";

import type { TextLines } from "./text-lines.ts";
import { type Match, TextSearch } from "./text-search.ts";
import { useLinesVersion } from "./use-lines-version.ts";

export interface TextFinding {
  readonly wanted: string;
  readonly setWanted: (wanted: string) => void;
  readonly found: readonly Match[];
  /** index in `found`; -1 without */
  readonly at: number;
  readonly current: Match | undefined;
  /** to the one that many further, round at the ends */
  readonly step: (by: number) => void;
}

export function useTextFind(lines: TextLines): TextFinding {
  const [wanted, setText] = useState("");
  const [chosen, setChosen] = useState<Match>();
  const version = useLinesVersion(lines);
  const search = useMemo(() => new TextSearch(lines, wanted), [lines, wanted]);
  // The search remembers what it has looked at: asking it again with each version is cheap.
  const found = useMemo(() => ({ version, matches: search.matches() }), [search, version]).matches;
  const at = chosen === undefined ? -1 : found.findIndex((it) => isSame(it, chosen));
  const step = (by: number): void => {
    if (found.length === 0) return;
    const from = at === -1 && by < 0 ? 0 : at;
    setChosen(found[(from + by + found.length) % found.length]);
  };
  const setWanted = (text: string): void => {
    setText(text);
    setChosen(new TextSearch(lines, text).matches().at(-1)); // the newest is what is looked for
  };
  return { wanted, setWanted, found, at, current: found[at], step };
}

function isSame(one: Match, other: Match): boolean {
  return one.line === other.line && one.from === other.from;
}
