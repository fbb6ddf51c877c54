/** How it stands with following a serial console. */

import { Badge } from "../ui/badge.tsx";
import { EmptyState } from "../ui/empty-state.tsx";
import { ErrorNote } from "../ui/error-note.tsx";
import { RowsLoading } from "../ui/page-loading.tsx";
import type { FeedState } from "./serial-feed.ts";

const WORDS = {
  connecting: ["busy", "connecting"],
  live: ["good", "live"],
  lost: ["warn", "connecting again"],
  over: ["rest", "ended"],
  refused: ["bad", "not there"],
} as const;

export function FeedBadge({ state: { kind } }: { readonly state: FeedState }) {
  const [tone, word] = WORDS[kind];
  return (
    <Badge tone={tone} dot active={kind === "connecting" || kind === "lost"}>
      {word}
    </Badge>
  );
}

interface NoSerialProps {
  readonly state: FeedState;
  readonly onRetry: () => void;
}

/** In place of lines while there are none. */
export function NoSerial({ state, onRetry }: NoSerialProps) {
  if (state.kind === "refused")
    return (
      <div className="serial-note">
        <ErrorNote error={state.error} onRetry={onRetry} />
      </div>
    );
  if (state.kind === "connecting") return <RowsLoading rows={12} />;
  if (state.kind === "over")
    return <EmptyState title="The VM is gone">Its serial console went with it.</EmptyState>;
  return (
    <EmptyState title="Nothing is written yet">
      Messages of the guest&rsquo;s kernel and its services appear here as it starts.
    </EmptyState>
  );
}
