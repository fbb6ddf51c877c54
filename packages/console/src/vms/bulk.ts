/** Asking the same of many VMs: what all of them allow, done a few at a time. */

import type { VmAccount } from "../live/vm-account.ts";
import { asError } from "../ui/as-error.ts";
import { inWords } from "../ui/error-words.ts";
import type { SimpleCommand } from "../vm/perform.ts";

const BULK: readonly SimpleCommand[] = [
  "start",
  "restore",
  "resume",
  "pause",
  "suspend",
  "reboot",
  "shutdown",
  "delete",
];

/** requests under way at a time: a browser opens six connections to a host, and one of them is the event stream's */
const PARALLEL = 4;

/** What all of them allow. */
export function sharedCommands(vms: readonly VmAccount[]): readonly SimpleCommand[] {
  if (vms.length === 0) return [];
  return BULK.filter((command) => vms.every(({ actions }) => actions.includes(command)));
}

export interface BulkFailure {
  readonly hostname: string;
  /** one sentence */
  readonly why: string;
}

/**
 * All are tried, whatever becomes of the others.
 * @param onDone told of each one that was tried
 * @returns those that failed
 */
export async function performAll(
  vms: readonly VmAccount[],
  act: (vm: VmAccount) => Promise<unknown>,
  onDone: () => void,
): Promise<readonly BulkFailure[]> {
  const failures: BulkFailure[] = [];
  const rest = vms.values();
  const worker = async (): Promise<void> => {
    for (const vm of rest) {
      try {
        await act(vm);
      } catch (error) {
        failures.push({ hostname: vm.hostname, why: inWords(asError(error)).what });
      }
      onDone();
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
  return failures;
}

const DONE: Record<SimpleCommand, string> = {
  start: "starting",
  restore: "restored",
  resume: "resumed",
  pause: "paused",
  suspend: "suspended",
  reboot: "rebooting",
  shutdown: "shutting down",
  delete: "deleted",
};

/** "3 VMs are paused" @param vms at least one */
export function doneWords(
  command: SimpleCommand,
  vms: readonly Pick<VmAccount, "hostname">[],
): string {
  const [first] = vms;
  const whom = vms.length === 1 && first ? `${first.hostname} is` : `${vms.length} VMs are`;
  return `${whom} ${DONE[command]}`;
}

/** What is lost when they are deleted, or when those of them that are sandboxes shut down; in sentences. */
export function lossOfMany(command: SimpleCommand, vms: readonly VmAccount[]): readonly string[] {
  const sandboxes = vms.filter(({ kind }) => kind === "sandbox");
  if (command === "shutdown") {
    if (sandboxes.length === 0) return [];
    return [
      `${namesOf(sandboxes)}: sandboxes are gone when they have shut down, with their disks and all that was written to them.`,
      "To keep them for later, suspend them.",
    ];
  }
  if (command !== "delete") return [];
  const kept = vms.filter(({ kind }) => kind !== "sandbox");
  const losses: string[] = [];
  if (sandboxes.length > 0) losses.push(`${namesOf(sandboxes)}: memory and disk are lost.`);
  if (kept.length > 0)
    losses.push(`${namesOf(kept)}: the disk is lost, with all that was written to it.`);
  losses.push("Commits, and VMs that were forked from them, stay. This cannot be undone.");
  return losses;
}

const NAMED = 8;

/** The first of them by name, and how many more there are. */
export function namesOf(vms: readonly Pick<VmAccount, "hostname">[]): string {
  const names = vms.slice(0, NAMED).map(({ hostname }) => hostname);
  const more = vms.length - names.length;
  return more > 0 ? `${names.join(", ")} and ${more} more` : names.join(", ");
}
