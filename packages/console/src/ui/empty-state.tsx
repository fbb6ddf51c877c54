/** Where a list would be: what belongs there, and the first step towards it. */

import type { ReactNode } from "react";

import "./empty-state.css";
import { visible } from "./visible.ts";

export interface EmptyStateProps {
  readonly title: string;
  readonly children?: ReactNode;
  readonly action?: ReactNode;
}

export function EmptyState({ title, children, action }: EmptyStateProps) {
  return (
    <section className="empty-state">
      <h2>{visible(title)}</h2>
      {children !== undefined && <div className="empty-state-text">{children}</div>}
      {action !== undefined && <div className="empty-state-action">{action}</div>}
    </section>
  );
}
