/** Tabs that are addresses: each is a link, so it can be opened beside, shared and gone back to. */

import { Link } from "wouter";

import "./tabs.css";
import { useCurrentInView } from "./use-current-in-view.ts";

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
  const nav = useCurrentInView(current);
  return (
    <nav ref={nav} className="tabs" aria-label={label}>
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
