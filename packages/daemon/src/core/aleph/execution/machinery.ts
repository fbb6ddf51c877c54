/** What executions are made of, put together. */

import type { Announcer } from "#lib/announcer.ts";

import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import type { ItemHash } from "../item-hash.ts";
import type { ExecutionStore } from "../ports/execution-store.ts";
import type { HostPlaces } from "../ports/host-places.ts";
import type { HostPorts } from "../ports/host-ports.ts";
import type { MachineRoom } from "../ports/machine-room.ts";
import type { MessageSource } from "../ports/message-source.ts";
import type { NodeHardware } from "../ports/node-hardware.ts";
import type { ProgramRoom } from "../ports/program-room.ts";
import type { AlephSettings } from "../settings.ts";
import { Background } from "./background.ts";
import { Intake } from "./intake.ts";
import type { PaymentDesk } from "./notice.ts";
import { Operations } from "./operations.ts";
import { PortPlan } from "./port-plan.ts";
import { Register } from "./register.ts";
import { Steps } from "./steps.ts";
import { Upkeep } from "./upkeep.ts";
import { VmWork } from "./vm-work.ts";

export interface ExecutionsDeps {
  readonly settings: Pick<
    AlephSettings,
    "admission" | "network" | "nodeHash" | "confidential" | "gpus"
  >;
  readonly room: MachineRoom;
  readonly programs: Pick<ProgramRoom, "begin">;
  readonly messages: MessageSource;
  readonly store: ExecutionStore;
  readonly hostPorts: HostPorts;
  readonly hostPlaces: HostPlaces;
  readonly payments: PaymentDesk;
  readonly hardware: Pick<NodeHardware, "cpu" | "memory" | "disk" | "gpus">;
  /** bytes of the host's disk that the root disk and the sized volumes of a VM take now; 0 when there are none */
  readonly diskBytes: (vmHash: ItemHash) => Promise<number>;
  /** removes what else is kept of a VM that is erased, such as its log; harmless when there is nothing */
  readonly erased: (vmHash: ItemHash) => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
  readonly newUuid: () => string;
  /** how long is waited before a machine that crashed is started again the first time, in `ms`; longer each time */
  readonly restartPauseMs: number;
  /** how long is waited between looks at whether owners still pay, in `ms` */
  readonly paymentCheckMs: number;
}

export interface Machinery {
  readonly changes: Announcer<ItemHash>;
  readonly register: Register;
  readonly intake: Intake;
  readonly background: Background;
  readonly work: VmWork;
  readonly steps: Steps;
  readonly upkeep: Upkeep;
  readonly operations: Operations;
}

/** @param changes told of every change of an execution, after it is stored */
export function assemble(deps: ExecutionsDeps, changes: Announcer<ItemHash>): Machinery {
  const announce = (vmHash: ItemHash) => changes.announce(vmHash);
  const register = new Register({ ...deps, announce });
  const intake = new Intake(deps, () => register.inmates());
  const background = new Background(deps.log);
  const work = new VmWork(background);
  const formerlyAt = (vmId: number) => register.formerlyAt(vmId);
  const steps = new Steps({ ...deps, formerlyAt, ports: new PortPlan(deps) });
  const upkeep = new Upkeep({ ...deps, register, intake, background, work, steps });
  const operations = new Operations({ ...deps, register, upkeep, steps, work });
  return { changes, register, intake, background, work, steps, upkeep, operations };
}
