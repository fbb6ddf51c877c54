/**
 * A copy of a machine that goes on: its memory as a state, and its disk as a layer that it stands on from then on, too.
 *
 * The order is what makes it safe. Until the record names the new layer, the old overlay is the disk, and whatever was
 * made beside it belongs to nobody. From then on the new overlay is the disk: it is empty, and below it is the very
 * file that the machine writes to until it is told otherwise, so a daemon that dies in between costs the VM nothing.
 * Only others must not stand on such a layer: that is promised when the machine has turned to its new overlay, not
 * before, and the next copy of such a machine is refused by its driver.
 */

import { within } from "#lib/patience.ts";

import { AlcoveError } from "../errors.ts";
import { type LayerId, newStateName } from "../ids.ts";
import type { DiskLayers } from "../ports/disk-layers.ts";
import type { DiskStore } from "../ports/disk-store.ts";
import type { GuestStillness } from "../ports/guest-identity.ts";
import type { Layering } from "../ports/machine.ts";
import type { ImageStore, ResolvedImage } from "../ports/image-store.ts";
import type { Log } from "../ports/log.ts";
import type { KeptMemory } from "../vm/kept-memory.ts";
import type { VmLife } from "../vm/life.ts";
import type { Occupancy } from "../vm/occupancy.ts";
import type { RunningMachine } from "../vm/running-machine.ts";

export interface CopyOrder {
  readonly images: ImageStore;
  readonly disks: DiskStore;
  readonly layers: DiskLayers;
  /** what the layer will be called; the caller keeps it until somebody on record stands on it */
  readonly layer: LayerId;
  /** room on the disk that must be left beside the state, in bytes */
  readonly besidesBytes: number;
}

export interface CopiedParts {
  readonly life: VmLife;
  readonly occupancy: Occupancy;
  readonly memory: KeptMemory;
  readonly log: Log;
}

/** What was kept. Removing the state is the caller's. */
export interface LiveCopy {
  /** name of the state, among those of the VM */
  readonly state: string;
  /** of its disk, as the guest sees it */
  readonly diskBytes: number;
  /** how long its vCPUs stood still for it, in `ms`; 0 for one that was paused before */
  readonly pauseMs: number;
}

/** how long the agent of a VM that runs may take to answer, in `ms` */
const AGENT_TIMEOUT_MS = 2_000;

/** how long a guest may take to write everything to its disks, in `ms` */
const QUIESCE_TIMEOUT_MS = 10_000;

const never = new AbortController().signal;

/**
 * The file systems of a VM that is paused are copied as they are in its memory: there is nobody to hold them still.
 * @param signal calls it off until the vCPUs stand still; then only a kill does
 */
export async function takeCopy(
  parts: CopiedParts,
  order: CopyOrder,
  signal: AbortSignal,
): Promise<LiveCopy> {
  const { life, occupancy, memory } = parts;
  const { phase, record } = life;
  if (phase !== "running" && phase !== "paused") life.refuse("fork");
  const running = occupancy.mustRun();
  const layering = mustLayer(running, record.hypervisor);
  await memory.checkRoom(running.machine, order.besidesBytes);
  order.layers.mustTakeAnother(record.layer);
  const image = await order.images.resolve(record.imageId, signal);
  const step = { parts, order, running, layering, image };
  try {
    if (phase === "paused") return await stillPaused(step);
    return await stillFor(step, signal);
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof AlcoveError) throw cause;
    throw occupancy.failed("could not be copied", await running.whyFailed(cause));
  }
}

interface Copying {
  readonly parts: CopiedParts;
  readonly order: CopyOrder;
  readonly running: RunningMachine;
  readonly layering: Layering;
  readonly image: ResolvedImage;
}

/**
 * One that was paused is so again. In between it runs for a moment, on the disk that is its own: a machine that was
 * saved is no paused one to its hypervisor, and could be saved no more.
 */
async function stillPaused(step: Copying): Promise<LiveCopy> {
  const { running } = step;
  try {
    return { ...(await kept(step)), pauseMs: 0 };
  } finally {
    await running.resume();
    await running.pause();
  }
}

async function stillFor(step: Copying, signal: AbortSignal): Promise<LiveCopy> {
  const { parts, running } = step;
  try {
    await using _still = await heldStill(running, parts.life.record.hostname, signal);
    return await pausedFor(running, parts.log, () => kept(step));
  } finally {
    await running.contact.tellAgain(); // its clock stood still, too
  }
}

/** @throws AlcoveError `guest_unreachable`, or `guest_refused` with what the agent says against it */
async function heldStill(
  { contact }: RunningMachine,
  hostname: string,
  signal: AbortSignal,
): Promise<GuestStillness> {
  try {
    const link = await contact.link(within(AGENT_TIMEOUT_MS, signal));
    return await link.quiesce(within(QUIESCE_TIMEOUT_MS, signal));
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof AlcoveError) throw cause;
    const why = contact.problem === undefined ? "" : ` (${contact.problem})`;
    const message = `${hostname} cannot be forked: its agent does not answer, so its file systems cannot be held still${why}`;
    throw new AlcoveError("guest_unreachable", message, { hostname }, { cause });
  }
}

/** Whatever comes of the work, the machine goes on after it, if it still lives. */
async function pausedFor(
  running: RunningMachine,
  log: Log,
  work: () => Promise<Omit<LiveCopy, "pauseMs">>,
): Promise<LiveCopy> {
  const begun = performance.now();
  let copy: Omit<LiveCopy, "pauseMs">;
  try {
    await running.pause();
    copy = await work();
  } catch (cause) {
    await running.resume().catch((error: unknown) => {
      log.error("vm.resume_failed", { error });
    });
    throw cause;
  }
  await running.resume();
  return { ...copy, pauseMs: performance.now() - begun };
}

/** The machine stands still. */
async function kept(step: Copying): Promise<Omit<LiveCopy, "pauseMs">> {
  const { parts, order, running } = step;
  const { life, occupancy, memory } = parts;
  const state = { vmId: life.record.id, name: newStateName() };
  const killed = occupancy.calm();
  await memory.saveAside(running.machine, state, killed);
  try {
    return { state: state.name, diskBytes: await layDown(step) };
  } catch (error) {
    await order.disks.removeState(state).catch((left: unknown) => {
      parts.log.error("vm.memory_left", { error: left });
    });
    throw error;
  }
}

/** Makes the disk a layer, and gives the machine a new overlay on it. @returns its size, as the guest sees it */
async function layDown({ parts, order, layering, image }: Copying): Promise<number> {
  const { life } = parts;
  const { disks, layers, layer } = order;
  const { id: vmId, imageId, layer: parent, origin } = life.record;
  const before = { image: image.rootfs, layer: parent };
  const after = { image: image.rootfs, layer };
  const { path, format, backing } = disks.rootDisk(vmId, before);
  try {
    const { virtualSizeBytes } = await layers.seal(layer, { vmId, ground: before, imageId });
    await disks.addOverlay(vmId, after, virtualSizeBytes);
    const overlay = disks.rootDisk(vmId, after);
    life.setGround(layer, origin);
    await layering.addLayer({ ...overlay, backing: { path, format, backing } }, never);
    await onlyOverlay(parts, disks);
    return virtualSizeBytes;
  } catch (error) {
    // The machine writes where it did. Should this fail, too, the record names the same bytes still.
    if (life.record.layer === layer) life.setGround(parent, origin);
    await onlyOverlay(parts, disks);
    throw error;
  }
}

/** Removes the overlay that is not the disk any more; what cannot be removed now, the next start removes. */
async function onlyOverlay({ life, log }: CopiedParts, disks: DiskStore): Promise<void> {
  const { id, layer } = life.record;
  await disks.keepOnlyOverlay(id, layer).catch((error: unknown) => {
    log.warn("vm.overlay_left", { error });
  });
}

/** @throws AlcoveError `unsupported` */
function mustLayer({ machine }: RunningMachine, hypervisor: string): Layering {
  if (machine.layering && machine.pausing && machine.saving) return machine.layering;
  const message = `The ${hypervisor} hypervisor cannot fork a VM that runs`;
  throw new AlcoveError("unsupported", message, { feature: "fork" });
}
