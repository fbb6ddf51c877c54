/** Tells a component when lines have changed, at most once a frame however fast they come. */

import { useCallback, useSyncExternalStore } from "react";

import type { TextLines } from "./text-lines.ts";

export function useLinesVersion(lines: TextLines): number {
  const subscribe = useCallback(
    (listener: () => void) => {
      let frame: number | undefined;
      const unsubscribe = lines.subscribe(() => {
        frame ??= requestAnimationFrame(() => {
          frame = undefined;
          listener();
        });
      });
      return () => {
        unsubscribe();
        if (frame !== undefined) cancelAnimationFrame(frame);
      };
    },
    [lines],
  );
  return useSyncExternalStore(subscribe, () => lines.version);
}
