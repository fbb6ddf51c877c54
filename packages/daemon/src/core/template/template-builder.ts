/**
 * Makes one template: boots a guest, lets it come to rest, and freezes it with its disk.
 *
 * Its machine is nobody's VM: it is not on record, so a daemon that dies in the middle leaves a process,
 * files and a layer that the next one's start removes. A template is there when all of it is.
 */

import { within } from "#lib/patience.ts";

import { type LayerId, newLayerId, newVmId } from "../ids.ts";
import type { Clock } from "../ports/clock.ts";
import type { DiskLayers } from "../ports/disk-layers.ts";
import type { DiskStore } from "../ports/disk-store.ts";
import type { SshHostKey } from "../ports/guest-identity.ts";
import type { GuestDialer, GuestLink } from "../ports/guest-link.ts";
import type { MachineTemplates, TemplateState } from "../ports/machine-templates.ts";
import type { Machine } from "../ports/machine.ts";
import type { TemplateStore } from "../ports/template-store.ts";
import { deliverOnce } from "../secrets/delivery.ts";
import { machinePlan, whereaboutsOf } from "../vm/boot-plan.ts";
import type { KeptLayers } from "../vm/kept-layers.ts";
import { runFirstCommand, runProgram } from "./first-command.ts";
import { idleNetwork, type Template, templateId } from "./template.ts";
import type { Wanted } from "./templates.ts";

export interface BuilderDeps {
  readonly machines: MachineTemplates;
  readonly dialer: GuestDialer;
  readonly disks: DiskStore;
  readonly layers: DiskLayers;
  readonly keptLayers: KeptLayers;
  readonly files: TemplateStore;
  readonly clock: Clock;
  /** holds room on the disk for what is frozen, or refuses it */
  readonly roomFor: (machine: Machine) => Promise<Disposable>;
  /** told of the template as soon as it is one */
  readonly onComplete: (template: Template) => void;
  /** fresh bytes for a guest's random generator */
  readonly entropy: () => Uint8Array;
  /** a new key for a guest's sshd */
  readonly hostKey: (comment: string) => SshHostKey;
  /** directory below which every machine has its own */
  readonly runRoot: string;
}

/** Each VM is given its own before anybody may use it. */
const HOSTNAME = "template";
const NO_MACHINE = "0".repeat(32);

/** how long a guest may take to boot and come to rest, in `ms` */
const BUILD_TIMEOUT_MS = 180_000;

/** how long the services of an image may take to start, in `ms` */
const SETTLE_TIMEOUT_MS = 60_000;

/** @throws Error with the reason when the guest cannot be brought to rest; nothing is left then but, perhaps, a layer */
export async function buildTemplate(
  wanted: Wanted,
  deps: BuilderDeps,
  signal: AbortSignal,
): Promise<Template> {
  const till = within(BUILD_TIMEOUT_MS, signal);
  const { disks, files } = deps;
  const { image, shape } = wanted;
  const vmId = newVmId();
  await using undo = new AsyncDisposableStack();
  const ground = { image: image.rootfs, layer: undefined };
  await disks.create(vmId, ground, shape.diskBytes);
  undo.defer(() => disks.remove(vmId));
  const draft = undo.use(await files.begin());
  const { digest, sizeBytes } = await frozen(vmId, draft.machine, { wanted, deps }, till);
  const layer = newLayerId();
  using _layer = deps.keptLayers.hold(layer);
  const diskDigest = await sealedDisk({ vmId, layer }, { wanted, deps }, till);
  const id = templateId(digest, wanted.key, diskDigest);
  const { name: kernel } = image.kernel;
  const made = { id, key: wanted.key, kernel, shape, layer, diskDigest, sizeBytes };
  const template = {
    ...made,
    imageId: image.id,
    imageName: image.name,
    builtAt: deps.clock.now(),
  };
  await draft.complete(template, disks.consoleLogPath(vmId));
  deps.onComplete(template); // before its layer is let go
  return template;
}

interface Building {
  readonly wanted: Wanted;
  readonly deps: BuilderDeps;
}

async function frozen(
  vmId: string,
  directory: string,
  { wanted: { image, shape }, deps }: Building,
  signal: AbortSignal,
): Promise<TemplateState> {
  const { machines, dialer, disks, runRoot } = deps;
  const disk = disks.rootDisk(vmId, { image: image.rootfs, layer: undefined });
  const { vcpus, memoryMiB } = shape;
  const machineParts = { vcpus, memoryMiB, image, disk, network: idleNetwork(shape.network) };
  const where = whereaboutsOf({ id: vmId }, disks, runRoot);
  await using machine = await machines.boot({ ...where, ...machinePlan(machineParts) }, signal);
  const died = new AbortController();
  void machine.exited.then(() => died.abort(new Error("the guest ended while it was prepared")));
  const alive = AbortSignal.any([signal, died.signal]);
  await using link = await dialer.dial(machine.agentEndpoint, alive);
  await comeToRest(link, { image, shape }, deps, alive);
  await flushed(link, alive);
  await machine.pausing?.pause(alive);
  using _room = await deps.roomFor(machine);
  return await machine.freeze(directory, alive);
}

async function comeToRest(
  link: GuestLink,
  { image, shape }: Pick<Wanted, "image" | "shape">,
  { clock, entropy, hostKey }: BuilderDeps,
  signal: AbortSignal,
): Promise<void> {
  await link.configure(
    {
      hostname: HOSTNAME,
      machineId: undefined,
      network: undefined,
      time: clock.now(),
      entropy: entropy(),
      growRoot: shape.diskBytes > image.rootfs.virtualSizeBytes,
      sshKeys: [],
      userdata: undefined,
    },
    signal,
  );
  if (image.init === "systemd")
    await runProgram(link, SERVICES_STARTED, within(SETTLE_TIMEOUT_MS, signal));
  // What a first renewal and a first command read from the disk is in the memory of every VM from then on, and
  // the files that each VM is given are there to be written over.
  const nobody = { hostname: HOSTNAME, machineId: NO_MACHINE, network: undefined };
  const sshHostKeys = [hostKey(HOSTNAME)];
  await link.reidentify({ ...nobody, sshHostKeys, time: clock.now(), entropy: entropy() }, signal);
  await deliverOnce(link, nothing, signal);
  await runFirstCommand(link, signal);
}

async function* nothing(): AsyncGenerator<never> {}

/**
 * Everything that was written is on the disk, which the guest has confirmed. It may go on before its memory is
 * frozen: memory and disk stop at the same moment, and a VM need not thaw first.
 */
async function flushed(link: GuestLink, signal: AbortSignal): Promise<void> {
  await using _still = await link.quiesce(signal);
}

/**
 * It ends with another code when a service failed: that is the image's affair. As root: others are answered by the
 * message bus only, and told at once that it is not there yet.
 */
const SERVICES_STARTED = {
  argv: ["systemctl", "is-system-running", "--wait"],
  user: { uid: 0, gid: 0 },
} as const;

/** @returns the digest of the layer's file */
async function sealedDisk(
  { vmId, layer }: { readonly vmId: string; readonly layer: LayerId },
  { wanted: { image }, deps: { layers, files } }: Building,
  signal: AbortSignal,
): Promise<string> {
  const ground = { image: image.rootfs, layer: undefined };
  await layers.seal(layer, { vmId, ground, imageId: image.id });
  const { path } = layers.below({ image: image.rootfs, layer });
  return await files.digestOf(path, signal);
}
