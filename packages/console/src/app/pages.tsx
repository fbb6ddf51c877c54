/** Which address shows which page. Each page is a chunk of its own, loaded when it is first opened. */

import type { ComponentType } from "react";
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

import { lazyPart } from "./lazy-part.ts";
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
    component: lazyPart(
      () => import("../overview/overview-page.tsx"),
      (it) => it.OverviewPage,
    ),
  },
  {
    path: "/vms",
    component: lazyPart(
      () => import("../vms/vms-page.tsx"),
      (it) => it.VmsPage,
    ),
  },
  {
    path: "/vms/:hostname/:tab?",
    component: lazyPart(
      () => import("../vm/vm-page.tsx"),
      (it) => it.VmPage,
    ),
  },
  {
    path: "/images",
    component: lazyPart(
      () => import("../images/images-page.tsx"),
      (it) => it.ImagesPage,
    ),
  },
  {
    path: "/templates",
    component: lazyPart(
      () => import("../templates/templates-page.tsx"),
      (it) => it.TemplatesPage,
    ),
  },
  {
    path: "/commits",
    component: lazyPart(
      () => import("../commits/commits-page.tsx"),
      (it) => it.CommitsPage,
    ),
  },
  {
    path: "/secrets",
    component: lazyPart(
      () => import("../secrets/secrets-page.tsx"),
      (it) => it.SecretsPage,
    ),
  },
  {
    path: "/aleph",
    component: lazyPart(
      () => import("../aleph/aleph-page.tsx"),
      (it) => it.AlephPage,
    ),
  },
  {
    path: "/aleph/:hash",
    component: lazyPart(
      () => import("../aleph/execution-page.tsx"),
      (it) => it.ExecutionPage,
    ),
  },
  {
    path: "/api",
    component: lazyPart(
      () => import("../reference/reference-page.tsx"),
      (it) => it.ReferencePage,
    ),
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
