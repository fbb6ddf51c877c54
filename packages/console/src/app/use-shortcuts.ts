/** `g` and a letter go to a page. The palette (Ctrl+K) lists the letters. */

import { useEffect } from "react";
import { useLocation } from "wouter";

import { isLetterKey } from "./letter-keys.ts";
import { NAVIGATION } from "./pages.tsx";

/** between `g` and the letter, in ms */
const PATIENCE_MS = 1_200;

export function useShortcuts(): void {
  const [, navigate] = useLocation();
  useEffect(() => {
    let begunAt = -Infinity;
    const onKey = (event: KeyboardEvent): void => {
      if (!isLetterKey(event)) return;
      if (event.key === "g") {
        begunAt = event.timeStamp;
        return;
      }
      const entry = NAVIGATION.find(({ key }) => key === event.key);
      if (entry && event.timeStamp - begunAt < PATIENCE_MS) {
        event.preventDefault();
        navigate(entry.to);
      }
      begunAt = -Infinity;
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [navigate]);
}
