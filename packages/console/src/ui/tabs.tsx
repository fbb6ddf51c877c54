/** Tabs that are addresses: each is a link, so it can be opened beside, shared and gone back to. */

import { Link } from "wouter";

import "./tabs.css";

export interface Tab {
  readonly to: string;
  readonly label: string;
}

export function Tabs({
  label,
  tabs,
  current,
}: {
  readonly label: string;
  readonly tabs: readonly Tab[];
  readonly current: string;
}) {
  return (
    <nav className="tabs" aria-label={label}>
      {tabs.map((tab) => (
        <Link
          key={tab.to}
          href={tab.to}
          className="tabs-tab"
          aria-current={tab.to === current ? "page" : undefined}
        >
          {tab.label}
        </Link>
      ))}
    </nav>
  );
}
