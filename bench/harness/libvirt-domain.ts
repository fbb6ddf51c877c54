/**
 * One domain of libvirt's: the same kernel, image, memory and processor as our guests, and QEMU's own
 * agent. The machine is `pc`, the smallest that libvirt can describe: it knows no microvm.
 */

import { rm, writeFile } from "node:fs/promises";
import path from "node:path";

import type { DiskLayer } from "../../packages/daemon/src/core/ports/machine.ts";
import type { ResolvedImage } from "../../packages/daemon/src/core/ports/image-store.ts";
import { kernelCommandLine, type QemuHost } from "../../packages/daemon/src/drivers/qemu/argv.ts";
import { emptyOverlay } from "../../packages/daemon/src/images/qcow2.ts";
import { pause, within } from "../../packages/daemon/src/lib/patience.ts";
import { QGA_PORT } from "./bare-extras.ts";
import { INIT_WITH_AGENT } from "./guest-agent-guest.ts";
import type { Libvirt } from "./libvirt.ts";

/** how often the agent is asked whether it is there, in `ms`, besides what a `virsh` takes */
const ASK_EVERY_MS = 10;
const ANSWER_MS = 60_000;

export interface DomainOrder {
  readonly libvirt: Libvirt;
  readonly qemuHost: QemuHost;
  readonly image: ResolvedImage;
  /** a disk with QEMU's agent, which is not written to */
  readonly ground: DiskLayer;
  readonly memoryMiB: number;
  /** directory for its files */
  readonly scratch: string;
  readonly name: string;
}

export class LibvirtDomain implements AsyncDisposable {
  readonly #order: DomainOrder;
  readonly #disk: string;
  readonly #definition: string;

  static async prepare(order: DomainOrder): Promise<LibvirtDomain> {
    const domain = new LibvirtDomain(order);
    await writeFile(domain.#definition, definitionOf(order, domain.#disk));
    await domain.#renewDisk();
    return domain;
  }

  private constructor(order: DomainOrder) {
    this.#order = order;
    this.#disk = path.join(order.scratch, `${order.name}.qcow2`);
    this.#definition = path.join(order.scratch, `${order.name}.xml`);
  }

  /** `define` and `start`, until the agent answers. */
  async boot(signal: AbortSignal): Promise<void> {
    await this.#virsh(["define", this.#definition], signal);
    await this.#virsh(["start", this.#order.name], signal);
    await this.#answers(signal);
  }

  /** Ends it and forgets it; `boot` begins with a new disk. */
  async end(signal: AbortSignal): Promise<void> {
    for (const verb of ["destroy", "undefine"]) await this.#virsh([verb, this.#order.name], signal);
    await this.#renewDisk();
  }

  async save(file: string, signal: AbortSignal): Promise<void> {
    await this.#virsh(["save", this.#order.name, file], signal);
  }

  /** `restore`, until the agent answers. */
  async restore(file: string, signal: AbortSignal): Promise<void> {
    await this.#virsh(["restore", file], signal);
    await this.#answers(signal);
  }

  /** Runs a program by the agent, and asks until it has ended. Rejects unless it exits with 0. */
  async exec(program: string, args: readonly string[], signal: AbortSignal): Promise<void> {
    const { pid } = await this.#ask("guest-exec", { path: program, arg: args }, signal);
    for (;;) {
      const status = await this.#ask("guest-exec-status", { pid }, signal);
      if (status["exited"] !== true) continue;
      if (status["exitcode"] === 0) return;
      throw new Error(`${program} ended in the guest: ${JSON.stringify(status)}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const never = new AbortController().signal;
    for (const verb of ["destroy", "undefine"]) {
      await this.#virsh([verb, this.#order.name], never).catch(() => undefined); // not that far yet
    }
    for (const file of [this.#disk, this.#definition]) await rm(file, { force: true });
  }

  async #renewDisk(): Promise<void> {
    const { ground, image } = this.#order;
    const overlay = emptyOverlay({
      virtualSizeBytes: image.rootfs.virtualSizeBytes,
      backingPath: ground.path,
      backingFormat: ground.format,
    });
    await writeFile(this.#disk, overlay);
  }

  async #answers(signal: AbortSignal): Promise<void> {
    const till = within(ANSWER_MS, signal);
    for (;;) {
      try {
        await this.#ask("guest-ping", {}, till);
        return;
      } catch {
        await pause(ASK_EVERY_MS, till); // the agent is not there yet
      }
    }
  }

  async #ask(
    execute: string,
    args: Readonly<Record<string, unknown>>,
    signal: AbortSignal,
  ): Promise<Readonly<Record<string, unknown>>> {
    const command = JSON.stringify({ execute, arguments: args });
    const said = await this.#virsh(["qemu-agent-command", this.#order.name, command], signal);
    const answer: unknown = JSON.parse(said);
    if (isObject(answer) && isObject(answer["return"])) return answer["return"];
    throw new Error(`the guest agent answered ${said}`);
  }

  #virsh(args: readonly string[], signal: AbortSignal): Promise<string> {
    return this.#order.libvirt.virsh(args, signal);
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function definitionOf(
  { name, qemuHost, image, memoryMiB, scratch }: DomainOrder,
  disk: string,
): string {
  const { kernel } = image;
  const initrd =
    kernel.initramfsPath === undefined ? "" : `<initrd>${kernel.initramfsPath}</initrd>`;
  const line = kernelCommandLine([...kernel.args, `init=${INIT_WITH_AGENT}`], qemuHost);
  const cpu = qemuHost.accel === "kvm" ? "<cpu mode='host-passthrough'/>" : EMULATED_CPU;
  return `<domain type='${qemuHost.accel === "kvm" ? "kvm" : "qemu"}'>
  <name>${name}</name>
  <memory unit='MiB'>${memoryMiB}</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='pc'>hvm</type>
    <kernel>${kernel.path}</kernel>${initrd}
    <cmdline>${line}</cmdline>
  </os>
  <features><acpi/><apic/></features>
  ${cpu}
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2' discard='unmap'/>
      <source file='${disk}'/>
      <target dev='vda' bus='virtio'/>
    </disk>
    <controller type='usb' model='none'/>
    <interface type='user'><model type='virtio'/></interface>
    <serial type='file'><source path='${path.join(scratch, `${name}.console`)}'/></serial>
    <channel type='unix'><target type='virtio' name='${QGA_PORT}'/></channel>
    <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
    <memballoon model='none'/>
  </devices>
</domain>
`;
}

const EMULATED_CPU = "<cpu mode='custom' match='exact' check='none'><model>qemu64</model></cpu>";
