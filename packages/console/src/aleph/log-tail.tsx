/** The last lines of an execution, as its console would show them. */

import { useMemo, useState } from "react";

import type { AlephLogLine } from "@alcove/sdk/browser/index.ts";

import { TextLines } from "../ui/text-lines.ts";
import { TextLog } from "../ui/text-log.tsx";
import "./log-tail.css";

/** so many need no box of full height */
const FEW = 12;

export function LogTail({ lines }: { readonly lines: readonly AlephLogLine[] }) {
  const [isFollowed, setFollowed] = useState(true);
  const shown = useMemo(() => linesOf(lines), [lines]);
  if (lines.length === 0) return <p className="log-tail-none muted">Nothing that is kept.</p>;
  return (
    <div className={lines.length < FEW ? "log-tail log-tail-short" : "log-tail"}>
      <TextLog
        lines={shown}
        label="The last lines that it has said"
        wrap
        follow={isFollowed}
        onFollow={setFollowed}
      />
    </div>
  );
}

function linesOf(lines: readonly AlephLogLine[]): TextLines {
  const shown = new TextLines();
  for (const { at, text } of lines) shown.write(`${new Date(at).toLocaleTimeString()} ${text}\n`);
  return shown;
}
