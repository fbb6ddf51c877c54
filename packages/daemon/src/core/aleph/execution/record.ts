/** What is known of one execution of a message on this node, as a plain value. Only `Execution` changes it. */

import type { ItemHash } from "../item-hash.ts";
import type { StoredMessage, VmType } from "../message/content.ts";
import type { LaunchFiles } from "../ports/confidential-backend.ts";
import type { InstanceNetwork } from "./address-plan.ts";

export interface ExecutionRecord {
  /** of this execution; a VM that is allocated again gets another */
  readonly uuid: string;
  readonly vmHash: ItemHash;
  /** place in the node's address plan, from `START_ID_INDEX` up */
  readonly vmId: number;
  readonly vmType: VmType;
  /** as it was planned when this execution began: settings that change later do not move a VM */
  readonly network: InstanceNetwork;
  /** what runs: refs resolved to the versions that were taken */
  readonly message: StoredMessage;
  /** as published */
  readonly original: StoredMessage;
  readonly times: ExecutionTimes;
  /** kept running by the node until somebody stops it */
  readonly persistent: boolean;
  /** when it will be stopped; `undefined`: nobody has asked for that */
  readonly expiresAt: Date | undefined;
  /** what has been begun, and is to be brought to its end by the next daemon if this one cannot */
  readonly task: ExecutionTask | undefined;
  readonly gpus: readonly AssignedGpu[];
  /** the VM's ports that are reachable at ports of the host, as of the last change */
  readonly ports: readonly PortMapping[];
  /** what it was stopped for; `undefined` while it is wanted */
  readonly ended: ExecutionEnd | undefined;
  /** has to be told its launch secret before it runs; QEMU has not been started before `initialize` */
  readonly confidential: ConfidentialState | undefined;
}

/** All of it can be done twice. That a VM is being started is said by its times. */
export type ExecutionTask =
  | {
      readonly what: "stop";
      readonly end: ExecutionEnd;
      /** what becomes of the host's ports that lead to it */
      readonly ports: "keep" | "release";
    }
  | { readonly what: "reinstall"; readonly volumes: "keep" | "remove" }
  | { readonly what: "reboot" };

/** `erased`: its disks are gone, too. `failed`: it never came to run. */
export type ExecutionEnd = "stopped" | "erased" | "expired" | "failed";

export interface ConfidentialState {
  readonly policy: number;
  readonly firmware: ItemHash | undefined;
  /** `awaiting session`: nothing runs; `awaiting secret`: the machine is there, its processors stand still */
  readonly step: "awaiting session" | "awaiting secret" | "released";
  /** what its owner brought to start it; it is started with the same again. `undefined` before that */
  readonly launch: LaunchFiles | undefined;
}

export interface ExecutionTimes {
  readonly defined: Date;
  readonly preparing: Date | undefined;
  readonly prepared: Date | undefined;
  readonly starting: Date | undefined;
  readonly started: Date | undefined;
  readonly stopping: Date | undefined;
  readonly stopped: Date | undefined;
}

export interface AssignedGpu {
  /** address on the PCI bus, such as `01:00.0` */
  readonly pciHost: string;
  readonly supportsXVga: boolean;
}

/** A mapping, and whose it is. */
export interface OwnedPort extends PortMapping {
  readonly vmHash: ItemHash;
}

/** One port of a VM, and the host's port that leads to it. */
export interface PortMapping {
  readonly vmPort: number;
  readonly hostPort: number;
  readonly tcp: boolean;
  readonly udp: boolean;
}
