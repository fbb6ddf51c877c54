/** The commands that were run from this page. */

import { Card } from "../ui/card.tsx";
import { RelativeTime } from "../ui/relative-time.tsx";
import { visible } from "../ui/visible.ts";
import { RunBadge } from "./run-output.tsx";
import { titleOf } from "./run-request.ts";
import type { Run } from "./runs.ts";

export interface RunHistoryProps {
  /** newest first */
  readonly all: readonly Run[];
  readonly shown: number | undefined;
  readonly onShow: (id: number) => void;
}

export function RunHistory({ all, shown, onShow }: RunHistoryProps) {
  return (
    <Card title="Run from this page" flush>
      <ul>
        {all.map((run) => (
          <li
            key={run.id}
            className="run-history-row"
            aria-current={run.id === shown ? "true" : undefined}
          >
            <button
              type="button"
              className="run-history-show truncate"
              onClick={() => onShow(run.id)}
            >
              {visible(titleOf(run.form))}
            </button>
            <RunBadge run={run} />
            <span className="muted small">
              <RelativeTime at={new Date(run.begunAt).toISOString()} />
            </span>
          </li>
        ))}
      </ul>
    </Card>
  );
}
