/** What the image tool can do: one entry a command, each giving a value for programs and a text for people. */

import type { StoredImage } from "#core/ports/image-store.ts";
import { humanBytes } from "#lib/bytes.ts";

import type { BuildContext } from "./build-tools.ts";
import { CLOUD_KERNEL } from "./cloud-kernel.ts";
import { diskUsers } from "./disk-users.ts";
import type { LocalImageStore } from "./local-image-store.ts";
import { buildImage, importImage, type Workshop, writing } from "./make-image.ts";
import type { LockHolder } from "./store-lock.ts";

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

export const commands: Readonly<Record<string, ToolCommand>> = {
  build: { words: 1, run: build },
  ls: { words: 0, run: list },
  inspect: { words: 1, run: inspect },
  import: { words: 2, run: importOne },
  rm: { words: 1, run: remove },
  prune: { words: 0, run: prune },
};

async function build(request: ToolRequest, signal: AbortSignal): Promise<ToolAnswer> {
  const name = request.words[0] ?? "";
  const started = Date.now();
  const { manifest, outcome } = await buildImage(workshopOf(request), name, signal);
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  const text = `${name} ${manifest.id.slice(0, 12)} ${outcome === "built" ? `built in ${seconds} s` : "is up to date"}`;
  return { value: { outcome, manifest }, text };
}

async function importOne(request: ToolRequest, signal: AbortSignal): Promise<ToolAnswer> {
  const { options } = request;
  const [name = "", file = ""] = request.words;
  const form = options.keepFormat ? "as-is" : "raw";
  const wanted = { name, file, form, kernel: options.kernel ?? CLOUD_KERNEL } as const;
  const manifest = await importImage(
    workshopOf(request),
    { ...wanted, rootDevice: options.root },
    signal,
  );
  return { value: { manifest }, text: `${name} ${manifest.id.slice(0, 12)} imported` };
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
  await using _lock = await writing(workshopOf(request), "removing old images", signal);
  const pruned = await request.store.prune(
    { inUse: diskUsers(request.stateDir), madeBefore: new Date() },
    signal,
  );
  const text = `${pruned.removed} replaced images removed, ${humanBytes(pruned.freedBytes)} freed`;
  return { value: pruned, text };
}

function workshopOf(request: ToolRequest): Workshop {
  const { store, stateDir, context, agentVersion, say } = request;
  const onWait = ({ pid, purpose }: LockHolder) =>
    say(`waiting for process ${pid}, which is ${purpose}`);
  return { store, stateDir, context, agentVersion, onWait };
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
