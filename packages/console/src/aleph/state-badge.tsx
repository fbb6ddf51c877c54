/** The state of an execution as a word in its colour. */

import { Badge } from "../ui/badge.tsx";
import { stateWords, toneOf } from "./execution-words.ts";

export function StateBadge({ state }: { readonly state: string }) {
  const tone = toneOf(state);
  return (
    <Badge tone={tone} dot active={tone === "busy"}>
      {stateWords(state)}
    </Badge>
  );
}
