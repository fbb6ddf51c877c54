/** What a VM is, what it uses, and how to reach it. */

import "./overview-tab.css";
import { ReachCard } from "./reach-card.tsx";
import { StartCard } from "./start-card.tsx";
import { TagsCard } from "./tags-card.tsx";
import { VmCharts } from "./vm-charts.tsx";
import { VmFacts } from "./vm-facts.tsx";
import type { VmState } from "./vm-state.ts";

export function OverviewTab({ vm }: { readonly vm: VmState }) {
  return (
    <div className="overview-tab">
      <VmCharts vm={vm} />
      <div className="overview-tab-columns">
        <VmFacts vm={vm} />
        <div className="overview-tab-column">
          <ReachCard vm={vm} />
          <TagsCard vm={vm} />
          <StartCard vm={vm} />
        </div>
      </div>
    </div>
  );
}
