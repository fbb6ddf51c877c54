/** What the image tool can do: one entry a command, each giving a value for programs and a text for people. */

import type { KernelPart } from "#core/image/manifest.ts";
import type { StoredImage } from "#core/ports/image-store.ts";
import { invalidRequest } from "#core/errors.ts";
import { humanBytes } from "#lib/bytes.ts";

import { buildRootfs, type BuildOutcome } from "./build-rootfs.ts";
import type { BuildContext } from "./build-tools.ts";
import { CLOUD_KERNEL, storeCloudKernel } from "./cloud-kernel.ts";
import { importDisk } from "./disk-import.ts";
import { diskUsers } from "./disk-users.ts";
import { unpackCloudKernel } from "./kernel-package.ts";
import type { LocalImageStore } from "./local-image-store.ts";
import type { AnyManifest } from "./manifest-files.ts";
import { type CloudKernelRecipe, readRecipe } from "./recipe.ts";
import { buildSmallKernel, SMALL_KERNEL } from "./small-kernel.ts";
import { lockStore } from "./store-lock.ts";

export interface ToolRequest {
  readonly store: LocalImageStore;
  /** where VMs have their disks, too */
  readonly stateDir: string;
  readonly words: readonly string[];
  readonly options: ToolOptions;
  readonly context: BuildContext;
  readonly agentVersion: () => Promise<string>;
  /** shows a line to people at once, whatever the output's form */
  readonly say: (line: string) => void;
}

export interface ToolOptions {
  readonly verify: boolean;
  readonly keepFormat: boolean;
  readonly kernel?: string;
  readonly root?: string;
}

export interface ToolAnswer {
  readonly value: unknown;
  readonly text: string;
}

export interface ToolCommand {
  /** how many words follow the command */
  readonly words: number;
  readonly run: (request: ToolRequest, signal: AbortSignal) => Promise<ToolAnswer>;
}

/** how long a build waits for another one to end, in `ms` */
const BUILD_WAIT_MS = 30 * 60 * 1000;

/**
 * what a build replaced is kept this long, in `ms`: a VM that is just being created from it has no
 * disk yet that would show its use
 */
const KEEP_REPLACED_MS = 60 * 60 * 1000;

export const commands: Readonly<Record<string, ToolCommand>> = {
  build: { words: 1, run: build },
  ls: { words: 0, run: list },
  inspect: { words: 1, run: inspect },
  import: { words: 2, run: importOne },
  rm: { words: 1, run: remove },
  prune: { words: 0, run: prune },
};

const ROOTFS_RECIPES = ["base", "systemd"];

async function build(request: ToolRequest, signal: AbortSignal): Promise<ToolAnswer> {
  const name = request.words[0] ?? "";
  await using _lock = await writing(request, `building ${name}`, signal);
  const started = Date.now();
  const { manifest, outcome } = await buildOne(request, name, signal);
  if (outcome === "built") {
    const stale = {
      inUse: diskUsers(request.stateDir),
      madeBefore: new Date(started - KEEP_REPLACED_MS),
    };
    await request.store.prune(stale, signal);
  }
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  const text = `${name} ${manifest.id.slice(0, 12)} ${outcome === "built" ? `built in ${seconds} s` : "is up to date"}`;
  return { value: { outcome, manifest }, text };
}

async function buildOne(
  request: ToolRequest,
  name: string,
  signal: AbortSignal,
): Promise<BuildOutcome<AnyManifest>> {
  const { store, context } = request;
  if (ROOTFS_RECIPES.includes(name)) {
    const agentVersion = await request.agentVersion();
    return buildRootfs(context, { name, store, agentVersion }, signal);
  }
  if (name === SMALL_KERNEL) return buildSmallKernel(context, { store }, signal);
  const known = [...ROOTFS_RECIPES, SMALL_KERNEL].join(", ");
  throw invalidRequest("recipe", `There is no recipe ${name}; there are ${known}`);
}

async function importOne(request: ToolRequest, signal: AbortSignal): Promise<ToolAnswer> {
  const { store, context, options } = request;
  const [name = "", file = ""] = request.words;
  await using _lock = await writing(request, `importing ${name}`, signal);
  const kernel = await kernelNamed(request, options.kernel ?? CLOUD_KERNEL, signal);
  const form = options.keepFormat ? "as-is" : "raw";
  const rootDevice = options.root;
  const manifest = await importDisk(
    context,
    { name, file, kernel, rootDevice, form, store },
    signal,
  );
  return { value: { manifest }, text: `${name} ${manifest.id.slice(0, 12)} imported` };
}

async function kernelNamed(
  { store, context }: ToolRequest,
  name: string,
  signal: AbortSignal,
): Promise<KernelPart> {
  if (name === CLOUD_KERNEL) {
    const recipe = await readRecipe<CloudKernelRecipe>(context.recipesDir, CLOUD_KERNEL);
    await using kernel = await unpackCloudKernel(context, recipe, signal);
    return await storeCloudKernel(context, { store, recipe, kernel }, signal);
  }
  const manifest = await store.get(name);
  if (manifest.kind === "kernel") return manifest.kernel;
  throw invalidRequest("kernel", `${name} is an image, not a kernel`);
}

async function list({ store }: ToolRequest, signal: AbortSignal): Promise<ToolAnswer> {
  const images = await store.list(signal);
  return { value: images.map(summaryOf), text: tableOf(images) };
}

async function inspect(
  { store, words, options }: ToolRequest,
  signal: AbortSignal,
): Promise<ToolAnswer> {
  const manifest = await store.get(words[0] ?? "");
  const resolved = manifest.kind === "image" ? await store.resolve(manifest.id, signal) : undefined;
  const intact = options.verify ? await store.verify(manifest, signal) : undefined;
  const value = { manifest, resolved, intact };
  return { value, text: JSON.stringify(value, undefined, 2) };
}

async function remove(
  { store, words, stateDir }: ToolRequest,
  signal: AbortSignal,
): Promise<ToolAnswer> {
  const removed = await store.remove(words[0] ?? "", diskUsers(stateDir), signal);
  const text = `${removed.name} ${removed.id.slice(0, 12)} removed, ${humanBytes(removed.freedBytes)} freed`;
  return { value: removed, text };
}

async function prune(request: ToolRequest, signal: AbortSignal): Promise<ToolAnswer> {
  await using _lock = await writing(request, "removing old images", signal);
  const pruned = await request.store.prune(
    { inUse: diskUsers(request.stateDir), madeBefore: new Date() },
    signal,
  );
  const text = `${pruned.removed} replaced images removed, ${humanBytes(pruned.freedBytes)} freed`;
  return { value: pruned, text };
}

/** Takes the store's lock, waiting for a build that runs, and removes what a killed one left. */
async function writing(
  request: ToolRequest,
  purpose: string,
  signal: AbortSignal,
): Promise<AsyncDisposable> {
  const { store, say } = request;
  const onWait = (holder: { pid: number; purpose: string }) =>
    say(`waiting for process ${holder.pid}, which is ${holder.purpose}`);
  const lock = await lockStore(store.root, { purpose, waitMs: BUILD_WAIT_MS, onWait }, signal);
  await using undo = new AsyncDisposableStack();
  undo.use(lock);
  await store.sweep();
  const scope = undo.move();
  return { [Symbol.asyncDispose]: () => scope.disposeAsync() };
}

function summaryOf({ manifest, named, allocatedBytes }: StoredImage) {
  const { id, kind, name, createdAt, kernel } = manifest;
  const base = {
    id,
    kind,
    name,
    named,
    createdAt,
    allocatedBytes,
    kernel: kernel.name,
    kernelRelease: kernel.release,
  };
  if (manifest.kind === "kernel") return base;
  const { init, agentVersion, defaultUser, rootfs } = manifest;
  return {
    ...base,
    init,
    agentVersion,
    defaultUser,
    format: rootfs.format,
    virtualSizeBytes: rootfs.virtualSizeBytes,
  };
}

function tableOf(images: readonly StoredImage[]): string {
  const rows = images.map((stored) => {
    const { manifest, named } = stored;
    const init = manifest.kind === "image" ? manifest.init : "-";
    const name = named ? manifest.name : `(old ${manifest.name})`;
    return [
      name,
      manifest.id.slice(0, 12),
      manifest.kind,
      init,
      manifest.kernel.release,
      humanBytes(stored.allocatedBytes),
      manifest.createdAt.slice(0, 16),
    ];
  });
  const table = [["NAME", "ID", "KIND", "INIT", "KERNEL", "ON DISK", "MADE"], ...rows];
  const widths = (table[0] ?? []).map((_, column) =>
    Math.max(...table.map((row) => row[column]?.length ?? 0)),
  );
  return table
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
