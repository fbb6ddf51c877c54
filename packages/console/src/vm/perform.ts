/** Does to a VM what a button says. */

import { client } from "../app/client.ts";
import type { VmAccount } from "../live/vm-account.ts";
import type { VmCommand } from "./vm-actions.ts";

/** Those that need no further answer. */
export type SimpleCommand = Exclude<VmCommand, "fork" | "commit">;

export async function perform(
  command: SimpleCommand,
  { group, hostname }: Pick<VmAccount, "group" | "hostname">,
): Promise<void> {
  const vm = client.vms.attach(group, hostname);
  const act: Record<SimpleCommand, () => Promise<unknown>> = {
    start: () => vm.relaunch(),
    restore: () => vm.restore(),
    resume: () => vm.resume(),
    pause: () => vm.pause(),
    suspend: () => vm.suspend(),
    reboot: () => vm.shutdown({ action: "reboot" }),
    shutdown: () => vm.shutdown(),
    delete: () => vm.delete(),
  };
  await act[command]();
}
