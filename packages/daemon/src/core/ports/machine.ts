/** One machine: what it is made from, and what can be done with it while it runs. The half of a driver's port that all others need. */

import type {
  ConfidentialPlan,
  Measurement,
  RunStatus,
  SealedSecret,
} from "../aleph/ports/confidential-backend.ts";

/** Where a machine is: all that is needed to find it again. */
export interface Whereabouts {
  readonly vmId: string;
  /** private directory for sockets and process files, named `vmId`; the driver makes it, and removes it on dispose */
  readonly runDir: string;
  /** file the serial console is appended to; kept when the machine is gone */
  readonly consoleLogPath: string;
}

/** Everything a driver needs to boot, already resolved: no defaults are left to it. */
export interface BootPlan extends Whereabouts {
  readonly vcpus: number;
  readonly memoryMiB: number;
  /** `undefined`: the machine has firmware and PCI, and boots what its first disk holds */
  readonly kernel: KernelPlan | undefined;
  /** the root first; the guest finds them in this order */
  readonly disks: readonly DiskPlan[];
  readonly network: NetworkPlan;
  /** devices of the host that become the guest's; only with firmware */
  readonly passthrough?: readonly PciDevice[];
  /** its memory is measured, and its vCPUs stand still until a secret is in; only with firmware */
  readonly confidential?: ConfidentialPlan | undefined;
}

/** A device on the host's PCI bus. */
export interface PciDevice {
  /** such as `01:00.0` or `0000:01:00.0` */
  readonly address: string;
  /** whether it is to be the guest's primary display adapter */
  readonly isVga: boolean;
}

export interface KernelPlan {
  /** absolute path of the uncompressed kernel */
  readonly path: string;
  readonly initramfsPath: string | undefined;
  /** the image's part of the command line; console and clock arguments are the driver's */
  readonly args: readonly string[];
}

export interface DiskPlan {
  /** stable name of the device, `[a-z0-9]+` */
  readonly id: string;
  /** by which the guest finds it: at most 20 characters */
  readonly serial?: string;
  readonly path: string;
  readonly format: "raw" | "qcow2";
  readonly readOnly: boolean;
  /** what is read where an overlay holds nothing; nobody writes to it */
  readonly backing: DiskLayer | undefined;
}

/** A disk that is only read: an image, or a layer that was sealed, with what is below it. */
export interface DiskLayer {
  readonly path: string;
  readonly format: "raw" | "qcow2";
  readonly backing: DiskLayer | undefined;
}

export type NetworkPlan =
  | { readonly mode: "none" }
  /** the VMM's own user-mode stack: outgoing connections only, needs no privilege on the host */
  | {
      readonly mode: "user";
      readonly mac: string;
      /** network in CIDR form, and the guest's, gateway's and name server's addresses in it */
      readonly cidr: string;
      readonly address: string;
      readonly gateway: string;
      readonly dns: string;
      /** the same for IPv6, from which the guest takes an address by itself; `undefined` where the host has no IPv6 */
      readonly cidr6: string | undefined;
    }
  /** the device of a bridge or an isolated network, with nothing behind it */
  | { readonly mode: "detached"; readonly mac: string }
  /** an existing tap device on a bridge, in a network namespace of the VM's own, or that the host routes to */
  | {
      readonly mode: "bridge" | "isolated" | "routed";
      readonly mac: string;
      readonly tap: string;
      readonly namespace: string | undefined;
    };

/** What a state is, for people and for accounts of the disk. */
export interface MachineState {
  /** what it takes on the disk, in bytes */
  readonly sizeBytes: number;
  readonly savedAt: Date;
}

/** A running machine. Disposing it kills, reaps and cleans up; disposing twice is harmless. */
export interface Machine extends AsyncDisposable {
  readonly pid: number;
  /** what `adopt` needs to find this machine again; opaque to the core, stored with the VM */
  readonly handle: string;
  /** where the guest's agent is reached, for `GuestDialer.dial` */
  readonly agentEndpoint: string;
  /** files it appends to for as long as it runs; whoever holds the machine keeps them bounded by cutting them */
  readonly logPaths: readonly string[];
  /** whether the vCPUs are stopped, as of boot or adoption */
  readonly pausedAtStart: boolean;
  /** settles once, when the process is gone; never rejects */
  readonly exited: Promise<Exit>;
  /** how long the parts of its making took, in their order; absent where nobody measured, as when it was adopted */
  readonly madeIn?: readonly MachineStep[];
  /** why the vCPUs stand still though nobody paused them: a disk of the host that is full; `undefined` when they do not */
  stalled(): string | undefined;

  /**
   * Lets go of the machine and leaves it running, for the next daemon to adopt.
   * Afterwards nothing here may be used, and disposing does nothing.
   */
  abandon(): Promise<void>;

  /** present only where the hypervisor can: a feature you can hold is a feature you can call */
  readonly pausing?: Pausing;
  /** the same, for keeping memory and devices as a state; comes with `pausing` and with `Hypervisor.states` */
  readonly saving?: Saving;
  /** the same, for making its disk the base of others while it goes on; comes with `pausing` */
  readonly layering?: Layering;
  /** the same, for a guest that no agent of ours listens in */
  readonly powerButton?: PowerButton;
  /** where a guest agent of QEMU's own kind is reached, if the guest has brought one */
  readonly guestAgentEndpoint?: string;
  /** present while the machine is a confidential one */
  readonly confidential?: ConfidentialDoor;
}

export interface PowerButton {
  /** Presses it. Resolves when the guest could have noticed; what it makes of it is its own. */
  press(signal: AbortSignal): Promise<void>;
}

/** What a confidential machine can be asked. Source of names: the hypervisor's own. */
export interface ConfidentialDoor {
  /** @throws Refusal `failed` when it does not answer as it should */
  measure(signal: AbortSignal): Promise<Measurement>;
  /** Lets the secret in, and the vCPUs run. @throws Refusal `failed` when the packet does not fit; then nothing has changed */
  inject(sealed: SealedSecret, signal: AbortSignal): Promise<RunStatus>;
}

/** `spawn`: until there is a process; `control`: until that takes commands; `load`: until it has the memory of another. */
export interface MachineStep {
  readonly name: "spawn" | "control" | "load";
  readonly ms: number;
}

export interface Pausing {
  /** resolves when the vCPUs stand still */
  pause(signal: AbortSignal): Promise<void>;
  /**
   * Resolves when the vCPUs run. A stalled machine tries again what it stands still for.
   * @throws AlcoveError `no_capacity` when it stalls again at once
   */
  resume(signal: AbortSignal): Promise<void>;
}

export interface Saving {
  /** the most that a state would take as of now, in bytes; exact only while the vCPUs stand still */
  maxSizeBytes(): number;

  /**
   * Writes memory and devices as a state at `directory`, which does not exist yet in a directory
   * that does. The vCPUs must stand still, and do so afterwards. When it resolves the state is
   * complete, and so are the guest's writes to its disks: disposing the machine loses nothing. If it
   * rejects, also with the reason of `signal`, there is no state and the machine can be resumed.
   * After it has resolved, resuming the machine makes the state useless, unless its disk was given
   * a layer before: then the state goes with what is below that.
   */
  save(directory: string, lasting: StateLasting, signal: AbortSignal): Promise<MachineState>;
}

/** What a state outlives: `durable` also the host's power, `passing` only daemon and machine, and is there sooner. */
export type StateLasting = "durable" | "passing";

export interface Layering {
  /**
   * Puts an overlay on top of a disk: from now on the machine writes there, and the file that it
   * wrote to before stays as it is for good, with all that the guest was told is written. The vCPUs
   * must stand still. When it rejects, the machine writes where it did.
   * @param disk the disk as it is to be from now on: `id` is one of the boot plan's, `path` an empty
   *   overlay of the same size, `backing` the file that was written to before
   */
  addLayer(disk: DiskPlan, signal: AbortSignal): Promise<void>;
}

export type Exit =
  /** the guest powered itself off */
  | { readonly kind: "clean" }
  /** it ended otherwise, with what it last said */
  | { readonly kind: "crash"; readonly lastWords: string };
