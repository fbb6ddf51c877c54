/** What a VM's supervisor needs from the rest of the host. */

import type { LayerId } from "../ids.ts";
import type { Clock } from "../ports/clock.ts";
import type { GuestConfiguration, GuestDialer, GuestLink } from "../ports/guest-link.ts";
import type { Hypervisor } from "../ports/hypervisor.ts";
import type { BootPlan, Machine, Whereabouts } from "../ports/machine.ts";
import type { GuestReceipt } from "../ports/guest-identity.ts";
import type { Log } from "../ports/log.ts";
import type { VmStore } from "../ports/vm-store.ts";
import type { VmStarts } from "../trace/vm-starts.ts";
import type { KeptMemory } from "./kept-memory.ts";
import type { VmRecord } from "./vm.ts";

/** `nothing, and the place for it`: it has just come from a template, which was prepared with nothing. */
export type GuestHas = "what may be there" | "nothing, and the place for it";

export interface SupervisorDeps {
  readonly hypervisor: Hypervisor;
  readonly dialer: GuestDialer;
  readonly store: VmStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly whereabouts: (record: VmRecord) => Whereabouts;
  readonly planFor: (record: VmRecord, signal: AbortSignal) => Promise<BootPlan>;
  readonly configurationFor: (record: VmRecord) => Promise<GuestConfiguration>;
  /** makes the machine of a new VM from the template that its record names; it stands still */
  readonly fork: (record: VmRecord, plan: BootPlan, signal: AbortSignal) => Promise<Machine>;
  /** gives a new VM an empty disk on a layer, or on its image, in place of the one it has */
  readonly emptyDisk: (
    record: VmRecord,
    layer: LayerId | undefined,
    signal: AbortSignal,
  ) => Promise<void>;
  /** makes a guest that has another's memory the one that the record describes */
  readonly renewGuest: (
    record: VmRecord,
    link: GuestLink,
    signal: AbortSignal,
  ) => Promise<GuestReceipt>;
  /** told that a copy's agent did not confirm its identity: it must be gone, and nobody may have used it */
  readonly onUnconfirmed: (why: Error) => void;
  /** puts into a guest what must be there before it is configured and its userdata begins */
  readonly prepareGuest: (
    record: VmRecord,
    link: GuestLink,
    has: GuestHas,
    signal: AbortSignal,
  ) => Promise<void>;
  /** does in a guest what its owner wants there beside that; rejects only when aborted */
  readonly furnishGuest: (record: VmRecord, link: GuestLink, signal: AbortSignal) => Promise<void>;
  /** does what a guest asks for by itself, for as long as the session lasts; never rejects */
  readonly attendGuest: (record: VmRecord, link: GuestLink, signal: AbortSignal) => Promise<void>;
  /** where its memory is while it is suspended */
  readonly memory: KeptMemory;
  /** where its starts are measured */
  readonly starts: VmStarts;
  /** takes back from the host what a machine of the VM needed there, once it has ended */
  readonly release: (record: VmRecord) => Promise<void>;
  /** told of every change of phase, after it is stored */
  readonly announce: () => void;
  /** told when something else has changed that lists show: its tags, what its agent confirmed, whether that answers */
  readonly touched: () => void;
  /** how long a guest may take to power off before it is killed, in `ms` */
  readonly powerOffGraceMs: number;
}
