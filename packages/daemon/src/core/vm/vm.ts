/** What a VM is, as plain values. Who may change it: its supervisor only. */

import type { CommitId, LayerId, VmId } from "../ids.ts";
import type { ConfidentialPlan } from "../aleph/ports/confidential-backend.ts";
import type { DiskFormat } from "../image/manifest.ts";
import type { VmNetwork } from "../network/network.ts";
import type { PciDevice } from "../ports/machine.ts";
import type { GuestReceipt } from "../ports/guest-identity.ts";
import type { VmPhase } from "./lifecycle.ts";

/**
 * `sandbox`: made by the API, gone when it ends. `persistent`: made by the API, kept when it ends.
 * `service`: declared in the configuration, protected from deletion.
 */
export type VmKind = "service" | "persistent" | "sandbox";

/** What was asked for, checked and complete. */
export interface VmSpec {
  readonly vcpus: number;
  readonly memoryMiB: number;
  /** image reference as given or defaulted: a name or an id */
  readonly image: string;
  /** size of the root disk in bytes; `undefined` is the image's own */
  readonly diskBytes: number | undefined;
  readonly network: VmNetwork;
  readonly tags: readonly string[];
  readonly sshKeys: readonly string[];
  readonly userdata: string | undefined;
  /** names of the secrets it may see; "all" is whatever there is when it boots */
  readonly secrets: readonly string[] | "all";
  /** what it boots in place of an image's overlay; absent for all that come from an image */
  readonly root?: OwnRoot;
  /** further disks, in the order in which the guest finds them */
  readonly volumes?: readonly VmVolume[];
  /** devices of the host that are its own while it has a machine */
  readonly passthrough?: readonly PciDevice[];
  readonly confidential?: ConfidentialSpec;
}

/** A root disk that lies outside the VM's directory and outlives it: an overlay on a file that somebody brought. */
export interface OwnRoot {
  /** absolute path of the overlay, qcow2 */
  readonly path: string;
  /** what it stands on; never written to */
  readonly parent: { readonly path: string; readonly format: DiskFormat };
  readonly sizeBytes: number;
  /** `kernel`: one file system, mounted by a kernel of ours. `firmware`: a disk that knows how to boot itself */
  readonly boot: "kernel" | "firmware";
}

/** A disk beside the root: somebody else makes and removes its file. */
export interface VmVolume {
  /** by which the guest finds it: `[a-z0-9]+`, at most 20 characters */
  readonly serial: string;
  /** absolute */
  readonly path: string;
  readonly format: DiskFormat;
  readonly readOnly: boolean;
  /** what it stands on, where it is an overlay; never written to */
  readonly parent: { readonly path: string; readonly format: DiskFormat } | undefined;
  /** where it is mounted in guests with our agent; `undefined` leaves that to the guest */
  readonly mount: string | undefined;
}

export interface ConfidentialSpec {
  readonly policy: number;
  readonly firmwarePath: string;
  /** how its next machine is made; `undefined` until its owner has brought a session: then it cannot start */
  readonly plan: ConfidentialPlan | undefined;
}

export interface VmState {
  readonly phase: VmPhase;
  readonly since: Date;
  /** why the VM failed or stopped, for people */
  readonly reason: string | undefined;
  /** the driver's handle of the machine, while there is one */
  readonly machine: string | undefined;
  /** where its memory is, or is going, in the phases that keep it */
  readonly saved: SavedMemory | undefined;
}

export interface SavedMemory {
  /** tells this state from those of earlier suspensions: an older one does not fit the disk any more */
  readonly name: string;
  /** whether the next daemon gives it a machine by itself, because the last one only suspended it to end */
  readonly restoreAtStart: boolean;
}

/** How a VM came to its first machine. */
export type VmOrigin =
  /** `why`: for people, why it did not come from a template; `undefined` when there are none to come from */
  | { readonly how: "boot"; readonly why: string | undefined }
  /** from the memory of a template, by its id */
  | { readonly how: "template"; readonly template: string }
  /** from the memory and disk of another VM, by its host name then */
  | { readonly how: "fork"; readonly source: string }
  /** booted from a commit's disk, by the commit's id */
  | { readonly how: "commit"; readonly commit: CommitId; readonly fixups: readonly Fixup[] };

/** What of its source's identity the guest of a commit's child is to lose before anybody uses it. */
export const FIXUPS = ["hostname", "machine-id", "ssh-host-keys"] as const;
export type Fixup = (typeof FIXUPS)[number];

export interface VmRecord {
  readonly id: VmId;
  readonly hostname: string;
  readonly group: string;
  readonly kind: VmKind;
  /** whose it is: nobody reaches it but through the surface that knows owners. `undefined`: the host's operator's */
  readonly owner: string | undefined;
  readonly spec: VmSpec;
  /** the image it was made from, by id: a later build under the same name changes nothing here */
  readonly imageId: string;
  /** driver that boots it */
  readonly hypervisor: string;
  /** place in the host's address plan */
  readonly networkSlot: number;
  /** of its network card; it follows from the host name, or from the id where the machine was made before the name was known */
  readonly mac: string;
  /** bare IPv4 by which it is known; `undefined` without a network */
  readonly address: string | undefined;
  /** sealed layer that its disk stands on; `undefined` when that is the image itself */
  readonly layer: LayerId | undefined;
  readonly origin: VmOrigin;
  /** what a copy's agent has confirmed; `undefined` before, and for one that was booted */
  readonly receipt: GuestReceipt | undefined;
  readonly createdAt: Date;
  readonly state: VmState;
}

/** Whether its guest has, or is about to have, the memory of another, and has not confirmed that it is its own. */
export function isUnrenewedCopy({ origin, receipt }: VmRecord): boolean {
  return receipt === undefined && (origin.how === "template" || origin.how === "fork");
}

/** Whether its guest has the disk of another, and has not confirmed that it has lost what it was told to lose. */
export function isDueFixups({ origin, receipt }: VmRecord): boolean {
  return receipt === undefined && origin.how === "commit" && origin.fixups.length > 0;
}

/** Whether it has come, or is about to come, from a template, and has not confirmed that it is its own. */
export function isComingFromTemplate(record: VmRecord): boolean {
  return record.origin.how === "template" && isUnrenewedCopy(record);
}

/** For VMs whose network gives each an address. */
export function mustHaveAddress({ address, hostname }: VmRecord): string {
  if (address !== undefined) return address;
  throw new Error(`invariant: ${hostname} has an address`);
}
