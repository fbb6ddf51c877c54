/** What a bench's daemon is told, and which images it knows. */

import { existsSync } from "node:fs";
import { copyFile, mkdir, rm, symlink } from "node:fs/promises";
import path from "node:path";

import { IMAGES } from "../../e2e/harness/can-run.ts";
import type { HostDirs } from "../../e2e/harness/host-dirs.ts";
import { LocalImageStore } from "../../packages/daemon/src/images/local-image-store.ts";

export const GROUP = "sbox";
export const IMAGE = "base";

const UID_BASE = 700_000_000;
const UIDS_EACH = 4_096;
let opened = 0;

export interface HostOrder {
  readonly memoryMiB: number;
  /** names that the image store knows; `undefined` for all */
  readonly names?: readonly string[];
  /** whether VMs may be made from templates; default: each boots */
  readonly templates?: "on" | "off";
  /** more of the daemon's environment */
  readonly settings?: Settings;
}

export type Settings = Readonly<Record<string, string>>;

/** @returns kernels that the image store can boot the image with, its own first */
export async function bootableKernels(): Promise<readonly string[]> {
  const images = await LocalImageStore.open(IMAGES);
  const manifest = await images.get(IMAGE);
  if (manifest.kind !== "image") throw new Error(`${IMAGE} is not an image`);
  const others = manifest.preferredKernels.filter((name) => existsSync(nameFile(IMAGES, name)));
  return [manifest.kernel.name, ...others];
}

/** A store with the same content that knows fewer names: an image then boots with another kernel. */
export async function narrow(store: string, names: readonly string[]): Promise<void> {
  await rm(store); // a link to the real one
  await mkdir(path.join(store, "names"), { recursive: true });
  for (const part of ["blobs", "manifests"]) {
    await symlink(path.join(IMAGES, part), path.join(store, part));
  }
  for (const name of names.filter((it) => existsSync(nameFile(IMAGES, it)))) {
    await copyFile(nameFile(IMAGES, name), nameFile(store, name));
  }
}

function nameFile(store: string, name: string): string {
  return path.join(store, "names", name);
}

export function environment(dirs: HostDirs, order: HostOrder): NodeJS.ProcessEnv {
  const range = (process.pid * 2 + opened++) % 100_000;
  return {
    PATH: process.env["PATH"],
    HOME: "/nonexistent",
    TMPDIR: dirs.temp,
    ALCOVE_STATE_DIR: dirs.state,
    ALCOVE_RUNTIME_DIR: dirs.runtime,
    ALCOVE_LISTEN_PORT: "0",
    ALCOVE_VMM_UID_BASE: String(UID_BASE + range * UIDS_EACH),
    ALCOVE_GROUP_NAME: GROUP,
    ALCOVE_GROUP_IMAGE: IMAGE,
    ALCOVE_GROUP_VCPUS: "1",
    ALCOVE_GROUP_MEMORY_MIB: String(order.memoryMiB),
    ALCOVE_TEMPLATES: order.templates ?? "off",
    ...order.settings,
  };
}
