/** The serial console of a VM, followed as long as the component is there. */

import { useEffect, useState } from "react";

import { client } from "../app/client.ts";
import { TextLines } from "../ui/text-lines.ts";
import { type FeedState, feedLines } from "./serial-feed.ts";

export interface Serial {
  readonly lines: TextLines;
  readonly state: FeedState;
}

export function useSerial(group: string, hostname: string): Serial {
  const [lines] = useState(() => new TextLines());
  const [state, setState] = useState<FeedState>({ kind: "connecting" });
  useEffect(() => {
    const leaving = new AbortController();
    const vm = client.vms.attach(group, hostname);
    const open = async (tailBytes: number, signal: AbortSignal) =>
      await vm.console({ tailBytes, signal });
    void feedLines(open, lines, setState, leaving.signal);
    return () => leaving.abort();
  }, [group, hostname, lines]);
  return { lines, state };
}
