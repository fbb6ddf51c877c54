/** Does to a VM what a button says. */

import { client } from "../app/client.ts";
import type { VmAccount } from "../live/accounts.ts";
import type { BulkCommand } from "./bulk.ts";

export async function perform(
  command: BulkCommand,
  { group, hostname }: Pick<VmAccount, "group" | "hostname">,
): Promise<void> {
  const vm = client.vms.attach(group, hostname);
  const act: Record<BulkCommand, () => Promise<unknown>> = {
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
