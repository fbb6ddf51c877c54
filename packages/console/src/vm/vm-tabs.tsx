/** The parts of a VM's page, each an address and, but for the first, a chunk of its own. */

import { type ComponentType, Suspense } from "react";
import { Link } from "wouter";

import { lazyPart } from "../app/lazy-part.ts";
import { vmAddress } from "../app/vm-address.ts";
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
    component: lazyPart(
      () => import("../terminal/terminal-tab.tsx"),
      (it) => it.TerminalTab,
    ),
  },
  {
    name: "files",
    label: "Files",
    component: lazyPart(
      () => import("../files/files-tab.tsx"),
      (it) => it.FilesTab,
    ),
  },
  {
    name: "run",
    label: "Run",
    component: lazyPart(
      () => import("../run/run-tab.tsx"),
      (it) => it.RunTab,
    ),
  },
  {
    name: "console",
    label: "Serial console",
    component: lazyPart(
      () => import("../serial/serial-tab.tsx"),
      (it) => it.SerialTab,
    ),
  },
  {
    name: "timeline",
    label: "Timeline",
    component: lazyPart(
      () => import("./timeline-tab.tsx"),
      (it) => it.TimelineTab,
    ),
  },
];

/** What a tab is called; the first one is the page itself. */
export function labelOf(name: string): string | undefined {
  const at = TABS.findIndex((tab) => tab.name === name);
  return at > 0 ? TABS[at]?.label : undefined;
}

interface VmTabsProps {
  readonly vm: VmState;
  /** the shown tab's name */
  readonly current: string;
}

export function VmTabs({ vm, current }: VmTabsProps) {
  const base = vmAddress(vm.hostname);
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
