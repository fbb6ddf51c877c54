/** Whether the page hears of changes as they happen. */

import { useSyncExternalStore } from "react";

import { Badge, type Tone } from "../ui/badge.tsx";
import type { LiveStatus } from "./live-connection.ts";
import { liveStatus, onLiveStatus } from "./live-status.ts";

const WORDS: Record<
  LiveStatus,
  { readonly tone: Tone; readonly text: string; readonly title: string }
> = {
  connecting: { tone: "busy", text: "Connecting", title: "Asking the host what happens there" },
  live: { tone: "good", text: "Live", title: "Changes show here as they happen" },
  lost: {
    tone: "warn",
    text: "Not connected",
    title:
      "The daemon does not answer. VMs outlive one that was killed; this page tries again by itself.",
  },
};

export function LiveState() {
  const status = useSyncExternalStore(onLiveStatus, liveStatus);
  const { tone, text, title } = WORDS[status];
  return (
    <span role="status" title={title}>
      <Badge tone={tone} dot active={status === "connecting"}>
        {text}
      </Badge>
    </span>
  );
}
