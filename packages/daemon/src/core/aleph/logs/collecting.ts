/** Sees to it that what the VMs of an Aleph node say is kept, from each machine's beginning to its end. */

import { hasMachine } from "../../vm/lifecycle.ts";
import type { VmSupervisor } from "../../vm/supervisor.ts";
import type { Vms } from "../../vm/vms.ts";
import { hashOfHostLabel, type ItemHash } from "../item-hash.ts";
import type { LogFile, RunLogKeeper } from "../ports/run-logs.ts";

export interface CollectingDeps {
  readonly vms: Pick<Vms, "list" | "onChange">;
  readonly logs: RunLogKeeper;
  /** where the serial console of a VM is appended to, whether or not it has a machine */
  readonly consoleLogPath: (vmId: string) => string;
}

/** Begins with what is there; what machines wrote while no daemon looked is taken in, too. */
export function collectRunLogs(deps: CollectingDeps): Disposable {
  // Why one had failed was said when it did.
  for (const vm of deps.vms.list()) look(vm, undefined, deps);
  return deps.vms.onChange((vm) => {
    look(vm, vm.phase === "failed" ? vm.record.state.reason : undefined, deps);
  });
}

function look(vm: VmSupervisor, reason: string | undefined, deps: CollectingDeps): void {
  const vmHash = aleph(vm);
  if (vmHash === undefined) return;
  const { logs, consoleLogPath } = deps;
  const console = consoleLogPath(vm.record.id);
  const isOver = !hasMachine(vm.phase);
  if (vm.logPaths.length > 0 || isOver) logs.attend(vmHash, filesOf(vm.logPaths, console));
  if (isOver) logs.ended(vmHash, reason);
}

/** a VM with an owner is named by its hash */
function aleph({ record }: VmSupervisor): ItemHash | undefined {
  return record.owner === undefined ? undefined : hashOfHostLabel(record.hostname);
}

/** What is not the console is what the machine's own program says. */
function filesOf(paths: readonly string[], console: string): readonly LogFile[] {
  const others = paths.filter((path) => path !== console);
  return [
    { path: console, stream: "stdout" },
    ...others.map((path): LogFile => ({ path, stream: "stderr" })),
  ];
}
