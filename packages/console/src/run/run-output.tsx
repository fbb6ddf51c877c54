/** What one command writes, and how it ended. */

import { Copy, Download, RotateCw, Square } from "lucide-react";
import { useEffect, useRef, useState } from "react";

import { Badge } from "../ui/badge.tsx";
import { Button, IconButton } from "../ui/button.tsx";
import { Card } from "../ui/card.tsx";
import { ErrorNote } from "../ui/error-note.tsx";
import { duration } from "../ui/figures.ts";
import { FollowButton } from "../ui/follow-button.tsx";
import { saveText } from "../ui/save.ts";
import { TextFind, useFindKey } from "../ui/text-find.tsx";
import { TextLog } from "../ui/text-log.tsx";
import { copyText } from "../ui/clipboard.ts";
import { toast } from "../ui/toast.ts";
import { useTextFind } from "../ui/use-text-find.ts";
import { outcomeOf } from "./run-outcome.ts";
import type { Run } from "./runs.ts";

export interface RunOutputProps {
  readonly run: Run;
  readonly onCancel: () => void;
  readonly onAgain: () => void;
}

export function RunOutput({ run, onCancel, onAgain }: RunOutputProps) {
  const { lines, state } = run;
  const [follow, setFollow] = useState(true);
  const finding = useTextFind(lines);
  const area = useRef<HTMLDivElement>(null);
  const input = useRef<HTMLInputElement>(null);
  useFindKey(area, input);
  const isEmpty = lines.end === lines.first;
  return (
    <div ref={area}>
      <Card
        title="Output"
        flush
        actions={
          <div className="run-tools">
            <span role="status">
              <RunBadge run={run} />
            </span>
            <Elapsed run={run} />
            {!isEmpty && <TextFind label="Search the output" finding={finding} input={input} />}
            {state.kind === "running" && !isEmpty && (
              <FollowButton follow={follow} onFollow={setFollow} />
            )}
            <RunButtons run={run} onCancel={onCancel} onAgain={onAgain} />
          </div>
        }
      >
        <Trouble run={run} />
        {isEmpty ? (
          <p className="run-note muted">
            {state.kind === "running" ? "It has written nothing yet." : "It has written nothing."}
          </p>
        ) : (
          <TextLog
            lines={lines}
            label="Output of the command"
            wrap
            follow={follow}
            onFollow={setFollow}
            found={finding.found}
            current={finding.current}
          />
        )}
      </Card>
    </div>
  );
}

export function RunBadge({ run: { state } }: { readonly run: Run }) {
  if (state.kind === "running")
    return (
      <Badge tone="busy" dot active>
        running
      </Badge>
    );
  if (state.kind === "cancelled") return <Badge tone="warn">cancelled</Badge>;
  if (state.kind === "failed") return <Badge tone="bad">failed</Badge>;
  const { tone, words } = outcomeOf(state.exit);
  return <Badge tone={tone}>{words}</Badge>;
}

const TICK_MS = 250;

function Elapsed({ run: { begunAt, endedAt } }: { readonly run: Run }) {
  const [now, setNow] = useState(() => Date.now());
  const isOver = endedAt !== undefined;
  useEffect(() => {
    if (isOver) return undefined;
    const timer = setInterval(() => setNow(Date.now()), TICK_MS);
    return () => clearInterval(timer);
  }, [isOver]);
  const ms = Math.max(0, (endedAt ?? now) - begunAt);
  return <span className="number muted small">{duration(ms)}</span>;
}

function RunButtons({ run, onCancel, onAgain }: RunOutputProps) {
  const copy = async (): Promise<void> => {
    if (await copyText(run.lines.toString())) toast("The output is copied");
  };
  return (
    <>
      <IconButton icon={Copy} label="Copy the output" onClick={() => void copy()} />
      <IconButton
        icon={Download}
        label="Download the output"
        onClick={() => saveText(run.lines.toString(), `output-${run.id}.txt`)}
      />
      {run.state.kind === "running" ? (
        <Button kind="danger" icon={Square} onClick={onCancel}>
          Cancel it
        </Button>
      ) : (
        <Button icon={RotateCw} onClick={onAgain}>
          Run again
        </Button>
      )}
    </>
  );
}

function Trouble({ run: { state } }: { readonly run: Run }) {
  const reason = state.kind === "ended" ? state.exit.error : undefined;
  const error = state.kind === "failed" ? state.error : reason && new Error(`It says: ${reason}`);
  if (!error) return null;
  return (
    <div className="run-note">
      <ErrorNote error={error} />
    </div>
  );
}
