/** What every page begins with: its name, what it is for, and what can be done on it. */

import { type ReactNode, useEffect, useRef } from "react";

import "./page.css";
import { visible } from "./visible.ts";

export interface PageProps {
  /** also the document's title */
  readonly title: string;
  /** what of it is shown, in the document's title alone */
  readonly part?: string | undefined;
  /** beside the title: badges */
  readonly beside?: ReactNode;
  /** one line below it */
  readonly lead?: ReactNode;
  /** buttons */
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}

let isFirst = true;

export function Page({ title, part, beside, lead, actions, children }: PageProps) {
  const name = visible(title); // it may be out of an address that somebody was led to
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${part === undefined ? "" : `${part} · `}${name} · Alcove`;
  }, [name, part]);
  // Who navigates by keyboard or ear begins at the page, not at what was left; the browser announces the first itself.
  useEffect(() => {
    if (!isFirst || document.activeElement !== document.body) heading.current?.focus();
    isFirst = false;
  }, []);
  return (
    <div className="page">
      <header className="page-head">
        <div className="page-title">
          <div className="page-name">
            <h1 ref={heading} tabIndex={-1}>
              {name}
            </h1>
            {beside}
          </div>
          {lead !== undefined && <p className="muted">{lead}</p>}
        </div>
        {actions !== undefined && <div className="page-actions">{actions}</div>}
      </header>
      {children}
    </div>
  );
}
