/** The last lines of an execution. The newest stays in sight until somebody scrolls away from it. */

import { useLayoutEffect, useRef } from "react";

import type { AlephLogLine } from "@alcove/sdk/browser/index.ts";

import "./log-tail.css";

/** as near to the end counts as being there */
const NEAR_PX = 30;

export function LogTail({ lines }: { readonly lines: readonly AlephLogLine[] }) {
  const frame = useRef<HTMLDivElement>(null);
  const follows = useRef(true);
  useLayoutEffect(() => {
    if (follows.current) frame.current?.scrollTo({ top: frame.current.scrollHeight });
  }, [lines]);
  if (lines.length === 0) return <p className="log-tail-none muted">Nothing that is kept.</p>;
  return (
    <div
      ref={frame}
      className="log-tail"
      role="log"
      aria-live="off"
      aria-label="The last lines it has said"
      tabIndex={0}
      onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
        follows.current = scrollHeight - scrollTop - clientHeight < NEAR_PX;
      }}
    >
      {lines.map(({ at, stream, text }, line) => (
        <div key={`${at} ${line}`} className={stream === "stderr" ? "log-tail-error" : undefined}>
          <time dateTime={at} title={at}>
            {new Date(at).toLocaleTimeString()}
          </time>{" "}
          {text}
        </div>
      ))}
    </div>
  );
}
