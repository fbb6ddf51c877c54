/** A word in a coloured pill. The colour repeats what the word says. */

import type { ReactNode } from "react";

import "./badge.css";

export type Tone = "good" | "busy" | "warn" | "bad" | "rest" | "sleep" | "accent";

export interface BadgeProps {
  readonly tone?: Tone;
  /** something is under way: the dot breathes */
  readonly active?: boolean;
  readonly dot?: boolean;
  readonly children: ReactNode;
}

export function Badge({ tone = "rest", active = false, dot = false, children }: BadgeProps) {
  return (
    <span className={`badge badge-${tone}`}>
      {dot && <span className={active ? "badge-dot badge-active" : "badge-dot"} aria-hidden />}
      {children}
    </span>
  );
}
