/** The parts of a VM's page, each an address and, but for the first, a chunk of its own. */

import { type ComponentType, lazy, Suspense } from "react";
import { Link } from "wouter";

import { EmptyState } from "../ui/empty-state.tsx";
import { ErrorBoundary } from "../ui/error-boundary.tsx";
import { RowsLoading } from "../ui/page-loading.tsx";
import { Tabs } from "../ui/tabs.tsx";
import { OverviewTab } from "./overview-tab.tsx";
import type { VmState } from "./vm-state.ts";

interface VmTab {
  readonly name: string;
  readonly label: string;
  readonly component: ComponentType<{ readonly vm: VmState }>;
}

const TABS: readonly VmTab[] = [
  { name: "overview", label: "Overview", component: OverviewTab },
  {
    name: "terminal",
    label: "Terminal",
    component: lazy(async () => ({
      default: (await import("../terminal/terminal-tab.tsx")).TerminalTab,
    })),
  },
  {
    name: "files",
    label: "Files",
    component: lazy(async () => ({ default: (await import("../files/files-tab.tsx")).FilesTab })),
  },
  {
    name: "run",
    label: "Run",
    component: lazy(async () => ({ default: (await import("../run/run-tab.tsx")).RunTab })),
  },
  {
    name: "console",
    label: "Serial console",
    component: lazy(async () => ({
      default: (await import("../serial/serial-tab.tsx")).SerialTab,
    })),
  },
  {
    name: "timeline",
    label: "Timeline",
    component: lazy(async () => ({ default: (await import("./timeline-tab.tsx")).TimelineTab })),
  },
];

interface VmTabsProps {
  readonly vm: VmState;
  /** the shown tab's name */
  readonly current: string;
}

export function VmTabs({ vm, current }: VmTabsProps) {
  const base = `/vms/${encodeURIComponent(vm.hostname)}`;
  const shown = TABS.find(({ name }) => name === current);
  return (
    <>
      <Tabs
        label={`Parts of ${vm.hostname}`}
        tabs={TABS.map(({ name, label }) => ({ to: `${base}/${name}`, label }))}
        current={`${base}/${current}`}
      />
      <ErrorBoundary key={current}>
        <Suspense fallback={<RowsLoading />}>
          {shown ? <shown.component vm={vm} /> : <NoSuchTab base={base} />}
        </Suspense>
      </ErrorBoundary>
    </>
  );
}

function NoSuchTab({ base }: { readonly base: string }) {
  return (
    <EmptyState title="There is no such part" action={<Link href={base}>To its overview</Link>} />
  );
}
