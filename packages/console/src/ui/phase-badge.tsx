/** The phase of a VM. */

import { Badge, type Tone } from "./badge.tsx";

/** The daemon's words; one that is not here is shown as it is. */
const TONE: Readonly<Record<string, Tone>> = {
  created: "busy",
  starting: "busy",
  running: "good",
  paused: "warn",
  suspending: "sleep",
  suspended: "sleep",
  restoring: "busy",
  stopping: "rest",
  stopped: "rest",
  failed: "bad",
  deleted: "rest",
};

const UNDER_WAY: ReadonlySet<string> = new Set([
  "created",
  "starting",
  "suspending",
  "restoring",
  "stopping",
]);

export function PhaseBadge({ phase }: { readonly phase: string }) {
  return (
    <Badge tone={TONE[phase] ?? "rest"} dot active={UNDER_WAY.has(phase)}>
      {phase}
    </Badge>
  );
}
