/** Which address shows which page. Each page is a chunk of its own, loaded when it is first opened. */

import { type ComponentType, lazy } from "react";
import {
  Boxes,
  Camera,
  FileCode2,
  HardDrive,
  KeyRound,
  LayoutDashboard,
  Layers,
  type LucideIcon,
  Network,
} from "lucide-react";

import type { PageParams } from "./page-params.ts";

export interface Page {
  /** below /ui, as wouter writes them */
  readonly path: string;
  readonly component: ComponentType<{ readonly params: PageParams }>;
}

export interface NavigationEntry {
  readonly to: string;
  readonly label: string;
  readonly icon: LucideIcon;
  /** pressed after g */
  readonly key: string;
}

export const PAGES: readonly Page[] = [
  {
    path: "/",
    component: lazy(() => import("../overview/overview-page.tsx").then(of("OverviewPage"))),
  },
  { path: "/vms", component: lazy(() => import("../vms/vms-page.tsx").then(of("VmsPage"))) },
  {
    path: "/vms/:hostname/:tab?",
    component: lazy(() => import("../vm/vm-page.tsx").then(of("VmPage"))),
  },
  {
    path: "/images",
    component: lazy(() => import("../images/images-page.tsx").then(of("ImagesPage"))),
  },
  {
    path: "/templates",
    component: lazy(() => import("../templates/templates-page.tsx").then(of("TemplatesPage"))),
  },
  {
    path: "/commits",
    component: lazy(() => import("../commits/commits-page.tsx").then(of("CommitsPage"))),
  },
  {
    path: "/secrets",
    component: lazy(() => import("../secrets/secrets-page.tsx").then(of("SecretsPage"))),
  },
  {
    path: "/aleph",
    component: lazy(() => import("../aleph/aleph-page.tsx").then(of("AlephPage"))),
  },
  {
    path: "/aleph/:hash",
    component: lazy(() => import("../aleph/execution-page.tsx").then(of("ExecutionPage"))),
  },
  {
    path: "/api",
    component: lazy(() => import("../reference/reference-page.tsx").then(of("ReferencePage"))),
  },
];

export const NAVIGATION: readonly NavigationEntry[] = [
  { to: "/", label: "Overview", icon: LayoutDashboard, key: "o" },
  { to: "/vms", label: "VMs", icon: Boxes, key: "v" },
  { to: "/images", label: "Images", icon: HardDrive, key: "i" },
  { to: "/templates", label: "Templates", icon: Layers, key: "t" },
  { to: "/commits", label: "Commits", icon: Camera, key: "c" },
  { to: "/secrets", label: "Secrets", icon: KeyRound, key: "s" },
  { to: "/aleph", label: "Aleph node", icon: Network, key: "a" },
  { to: "/api", label: "API reference", icon: FileCode2, key: "r" },
];

/** `React.lazy` wants a default export, which our modules do not have. */
function of<N extends string>(name: N) {
  return <C,>(module: Readonly<Record<N, C>>): { readonly default: C } => ({
    default: module[name],
  });
}
