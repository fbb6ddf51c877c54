/** Events of one VM, newest first. */

import { duration } from "../ui/figures.ts";
import { PhaseBadge } from "../ui/phase-badge.tsx";
import { RelativeTime } from "../ui/relative-time.tsx";
import { legible } from "../ui/visible.ts";
import { withLengths, wordsOf } from "./happening-words.ts";
import "./happenings.css";
import type { VmHappening } from "./vm-state.ts";

export function Happenings({ events }: { readonly events: readonly VmHappening[] }) {
  return (
    <ol className="happenings">
      {withLengths(events).map(({ event, ms }) => (
        <li key={event.id} className="happenings-event">
          <span className="happenings-when">
            <RelativeTime at={event.at} exact />
          </span>
          <span className="happenings-what">
            <span>{wordsOf(event)}</span>
            {event.reason !== undefined && <span className="muted">{legible(event.reason)}</span>}
          </span>
          <span className="happenings-phase">
            <PhaseBadge phase={event.phase} />
            <span className="muted number small">
              {ms === undefined ? "" : `for ${duration(ms)}`}
            </span>
          </span>
        </li>
      ))}
    </ol>
  );
}
