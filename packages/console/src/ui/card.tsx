/** A titled part of a page. */

import { type ReactNode, useId } from "react";

import "./card.css";

export interface CardProps {
  readonly title: string;
  /** at the right of the title */
  readonly actions?: ReactNode;
  readonly children: ReactNode;
  /** the content touches the edges, as tables do */
  readonly flush?: boolean;
}

export function Card({ title, actions, children, flush = false }: CardProps) {
  const id = useId();
  return (
    <section className="card" aria-labelledby={id}>
      <header className="card-head">
        <h2 id={id}>{title}</h2>
        {actions}
      </header>
      <div className={flush ? "card-body card-flush" : "card-body"}>{children}</div>
    </section>
  );
}
