/** Facts of a VM in words. */

import { bytes, count } from "../ui/figures.ts";
import type { VmState } from "./vm-state.ts";

const KINDS: Readonly<Record<string, string>> = {
  sandbox: "Sandbox: gone when it stops",
  persistent: "Persistent: its disk is kept when it stops",
  service: "Declared in the configuration: cannot be deleted here",
};

export function kindOf({ kind }: Pick<VmState, "kind">): string {
  return KINDS[kind] ?? kind;
}

export function sizeOf(vm: Pick<VmState, "vcpus" | "memoryBytes" | "diskBytes">): string {
  const disk = vm.diskBytes === undefined ? "the image's disk" : `${bytes(vm.diskBytes)} of disk`;
  return `${count(vm.vcpus, "vCPU")}, ${bytes(vm.memoryBytes)} of memory, ${disk}`;
}

export function originOf({ origin }: Pick<VmState, "origin">): string {
  const { how, why, source, commit } = origin;
  const words: Record<typeof how, string> = {
    boot: why === undefined ? "It booted." : `It booted: ${why}`,
    template: "It began with the memory of a template.",
    fork: `It began as a copy of ${source ?? "another VM"}, memory and disk.`,
    commit: `It began with the disk of commit ${commit ?? "that is gone"}.`,
  };
  return words[how];
}

const NETWORKS: Readonly<Record<VmState["network"]["mode"], string>> = {
  none: "No network",
  user: "Outgoing connections only",
  bridge: "On a bridge of the host",
  isolated: "Isolated: a network of its own",
  routed: "Routed by the host",
};

export function networkOf({ network }: Pick<VmState, "network">): string {
  return NETWORKS[network.mode];
}

/** What an isolated VM may reach; `undefined`: nothing is said. */
export function egressOf({ network }: Pick<VmState, "network">): string | undefined {
  const { egress } = network;
  if (!egress) return undefined;
  const { allow, drop } = egress;
  if (allow.length === 0 && drop.length === 0) return "It may reach everything.";
  if (drop.length === 0) return `It may reach ${allow.join(", ")} and nothing else.`;
  const exceptions = allow.length === 0 ? "" : `, except ${allow.join(", ")}`;
  return `It may reach everything but ${drop.join(", ")}${exceptions}.`;
}

/** What its process has of the host's memory; `undefined` while there is none. */
export function memoryOf({ memory }: Pick<VmState, "memory">): string | undefined {
  const { privateBytes, sharedBytes = 0 } = memory;
  if (privateBytes === undefined) return undefined;
  return `${bytes(privateBytes)} of its own, ${bytes(sharedBytes)} shared`;
}
