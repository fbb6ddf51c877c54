/** The serial console of a VM, followed as long as the component is there and can be seen. */

import { useEffect, useState } from "react";

import { client } from "../app/client.ts";
import { whileVisible } from "../live/while-visible.ts";
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
    let leaving: AbortController | undefined;
    const vm = client.vms.attach(group, hostname);
    const open = async (tailBytes: number, signal: AbortSignal) =>
      await vm.console({ tailBytes, signal });
    return whileVisible({
      open: () => {
        if (leaving) return;
        leaving = new AbortController();
        void feedLines(open, lines, setState, leaving.signal);
      },
      close: () => {
        leaving?.abort();
        leaving = undefined;
      },
    });
  }, [group, hostname, lines]);
  return { lines, state };
}
