/** Files of one VM. */

import { useMemo } from "react";
import { useSearchParams } from "wouter";

import { client } from "../app/client.ts";
import { EmptyState } from "../ui/empty-state.tsx";
import type { VmState } from "../vm/vm-state.ts";
import { Directory } from "./directory.tsx";
import "./files-tab.css";
import { absolute } from "./guest-path.ts";

type FilesVm = Pick<VmState, "hostname" | "group" | "actions" | "phase">;

export function FilesTab({ vm }: { readonly vm: FilesVm }) {
  const { hostname, group, actions, phase } = vm;
  const [search] = useSearchParams();
  const path = absolute(search.get("path") ?? "/");
  const handle = useMemo(() => client.vms.attach(group, hostname), [group, hostname]);
  if (!actions.includes("files"))
    return (
      <EmptyState title="Its files cannot be reached now">
        The VM is {phase}. Its files can be looked at when it runs and its agent answers.
      </EmptyState>
    );
  return <Directory key={path} vm={handle} path={path} />;
}
