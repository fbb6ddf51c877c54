/**
 * Lets VMs in: whether there is room, which GPUs and which place in the address plan a VM gets.
 *
 * Whoever is let in is stored before the next one is looked at: no two VMs are promised the same.
 */

import { Turnstile } from "#lib/turnstile.ts";

import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import type { Caller } from "../caller.ts";
import { type ItemHash, kindOfHash } from "../item-hash.ts";
import type { ExecutableContent, InstanceContent } from "../message/content.ts";
import { readExecutable } from "../message/parse.ts";
import type { MessageSource } from "../ports/message-source.ts";
import type { HostPlaces } from "../ports/host-places.ts";
import type { NodeHardware } from "../ports/node-hardware.ts";
import { Refusal } from "../refusal.ts";
import type { AlephSettings } from "../settings.ts";
import {
  type Commitment,
  diskLeftBytes,
  type HostSize,
  type Lack,
  lackOf,
  needOf,
} from "./admission.ts";
import { GpuDesk } from "./gpu-desk.ts";
import { missingGpuText } from "./gpus.ts";
import { withLatestRefs } from "./latest-refs.ts";
import { mustBeRunnable } from "./machine-order.ts";
import { newRecord } from "./new-record.ts";
import { placeFor } from "./places.ts";
import type { ExecutionRecord } from "./record.ts";
import { Reservations } from "./reservations.ts";
import { StartError } from "./start-error.ts";

export interface IntakeDeps {
  readonly settings: Pick<AlephSettings, "admission" | "network" | "confidential" | "gpus">;
  readonly messages: MessageSource;
  readonly hardware: Pick<NodeHardware, "cpu" | "memory" | "disk" | "gpus">;
  readonly diskBytes: (vmHash: ItemHash) => Promise<number>;
  readonly hostPlaces: HostPlaces;
  readonly clock: Clock;
  readonly log: Log;
  readonly newUuid: () => string;
}

/** A VM that has been let in and has not ended. */
export interface Inmate {
  readonly record: ExecutionRecord;
  readonly content: ExecutableContent;
}

const NO_ROOM_TO_RESERVE = "This CRN cannot reserve the requested resources at this time.";

export class Intake {
  readonly #deps: IntakeDeps;
  readonly #inmates: () => readonly Inmate[];
  readonly #turns = new Turnstile();
  readonly #reservations: Reservations;
  readonly #gpus: GpuDesk;

  /** @param inmates all that have not ended, as stored */
  constructor(deps: IntakeDeps, inmates: () => readonly Inmate[]) {
    this.#deps = deps;
    this.#inmates = inmates;
    this.#reservations = new Reservations(deps.clock);
    const assigned = () => inmates().flatMap(({ record }) => record.gpus);
    this.#gpus = new GpuDesk(deps, this.#reservations, assigned);
  }

  /**
   * Lets a VM in. Nothing is made for it yet.
   * @param before what is known of it from earlier: it gets the same place again if that is free
   * @param enrol stores it and counts it among the inmates
   * @throws StartError, SchemaProblems, Error when nobody has the message
   */
  async letIn<T>(
    vmHash: ItemHash,
    before: ExecutionRecord | undefined,
    enrol: (inmate: Inmate) => T,
    signal: AbortSignal,
  ): Promise<T> {
    const original = await this.#deps.messages.message(vmHash, signal);
    if (!original) throw new Error(`Aleph message not found: ${vmHash}`);
    if (kindOfHash(vmHash) !== "storage") {
      throw new StartError("VmSetupError", "A VM's hash has 64 hexadecimal digits");
    }
    const published = readExecutable(original.content);
    const message = await withLatestRefs(original, published, this.#deps.messages, signal);
    const content = mustBeRunnable(readExecutable(message.content));
    using _turn = await this.#turns.enter(signal);
    await this.#mustHaveRoom(vmHash, content);
    const gpus = await this.#gpus.forVm(content);
    const taken = this.#inmates().map(({ record }) => record.network);
    const { settings, newUuid, clock } = this.#deps;
    const network = placeFor(vmHash, content, taken, {
      settings,
      before: before?.vmId,
      isOthers: this.#deps.hostPlaces.taken(),
    });
    const found = { vmHash, original, message, content, network, gpus };
    const record = newRecord({ ...found, uuid: newUuid(), now: clock.now() }, settings);
    const enrolled = enrol({ record, content });
    if (content.kind === "instance") this.#reservations.release(content.address, content);
    return enrolled;
  }

  /** Keeps room for a minute. @throws Refusal `unavailable`; `bad request` for GPUs that are not there */
  async reserve(content: InstanceContent, caller: Caller, signal: AbortSignal): Promise<Date> {
    const address = caller.kind === "wallet" ? caller.address : content.address;
    using _turn = await this.#turns.enter(signal);
    if (await this.#lack(content, address)) throw new Refusal("unavailable", NO_ROOM_TO_RESERVE);
    const choice = await this.#gpus.choose(content, address);
    if ("missing" in choice) {
      const reason = missingGpuText(choice.missing);
      const body = { status: "error", error: "Failed to reserves all resources", reason };
      throw new Refusal("bad request", reason, { body });
    }
    const gpus = choice.found.map(({ pciHost }) => pciHost);
    const expires = this.#reservations.keep(address, content, gpus);
    if (!expires) throw new Refusal("unavailable", NO_ROOM_TO_RESERVE);
    return expires;
  }

  /** Whether a VM could be let in now; one that is in already can. */
  async hasRoomFor(
    vmHash: ItemHash,
    content: ExecutableContent,
    signal: AbortSignal,
  ): Promise<boolean> {
    if (this.#isIn(vmHash)) return true;
    using _turn = await this.#turns.enter(signal);
    return !(await this.#lack(content, content.address));
  }

  /** bytes of disk that are neither used nor promised */
  async freeDiskBytes(): Promise<number> {
    const { freeBytes } = await this.#deps.hardware.disk();
    return diskLeftBytes(await this.#committed(), freeBytes);
  }

  /** addresses on the PCI bus of GPUs that VMs have, or that are kept for somebody */
  gpusInUse(): ReadonlySet<string> {
    return this.#gpus.inUse();
  }

  async #mustHaveRoom(vmHash: ItemHash, content: ExecutableContent): Promise<void> {
    if (this.#isIn(vmHash)) throw new Error(`invariant: ${vmHash} has been let in already`);
    const lack = await this.#lack(content, content.address);
    if (!lack) return;
    const words = `Insufficient ${lack.resource} to create this VM`;
    throw new StartError("InsufficientResourcesError", words);
  }

  /** @param address whose own reservations do not stand in the way */
  async #lack(content: ExecutableContent, address: string): Promise<Lack | undefined> {
    const committed = [...(await this.#committed()), ...this.#reservations.ofOthers(address)];
    const { admission } = this.#deps.settings;
    const lack = lackOf(needOf(content), committed, await this.#hostSize(), admission);
    if (lack) this.#deps.log.warn("aleph.no_room", { ...lack, address });
    return lack;
  }

  async #committed(): Promise<readonly Commitment[]> {
    return Promise.all(
      this.#inmates().map(async ({ record, content }) => ({
        ...needOf(content),
        diskUsedBytes: await this.#deps.diskBytes(record.vmHash),
      })),
    );
  }

  async #hostSize(): Promise<HostSize> {
    const { hardware } = this.#deps;
    const [memory, cpu, disk] = await Promise.all([
      hardware.memory(),
      hardware.cpu(),
      hardware.disk(),
    ]);
    return { memoryBytes: memory.totalBytes, cpus: cpu.count, diskFreeBytes: disk.freeBytes };
  }

  #isIn(vmHash: ItemHash): boolean {
    return this.#inmates().some(({ record }) => record.vmHash === vmHash);
  }
}
