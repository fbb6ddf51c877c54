/** `host_groups[]`: one class of VMs, with the same defaults and limits. */

import { isIP } from "node:net";

import { type HostGroup, MAX_USERDATA_BYTES, type WarmPool } from "#core/group/host-group.ts";
import { isImageReference } from "#core/image/reference.ts";
import type { GroupNetwork } from "#core/network/network.ts";
import { GIB, humanBytes, MIB } from "#lib/bytes.ts";

import type { Item, MapReader } from "./map-reader.ts";
import { networkFrom } from "./network-block.ts";
import { refuseInGroup } from "./not-here.ts";
import { parseSize } from "./size.ts";

/** What the file says of all groups, and how it is read. */
export interface ForAllGroups {
  readonly image: string | undefined;
  readonly sshKeys: readonly string[];
  /** @returns the content of a file that the configuration names; throws what the system says */
  readonly readText: (file: string) => string;
}

/** It begins host names, and stands in URLs and in guests' files as it is. */
export const GROUP_NAME = /^[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?$/;
export const GROUP_NAME_SHAPE =
  "1 to 40 of a-z, 0-9 and -, beginning with a letter and not ending with -";

const MAX_COUNT = 1000;
const MAX_VCPUS = 64;
/** bounds of a VM's memory, in `MiB` */
const [MIN_MEMORY, MAX_MEMORY] = [64, 1_048_576];
const DEFAULT_MEMORY_MIB = 4096;
/** bounds of a root disk, in bytes */
const [MIN_DISK, MAX_DISK] = [256 * MIB, 16 * 1024 * GIB];
const DEFAULT_IMAGE = "base";

export function groupFrom(block: MapReader, all: ForAllGroups): HostGroup {
  const name = nameFrom(block);
  const count = block.integer("count", [0, MAX_COUNT]) ?? 1;
  const connection = block.map("network");
  const network: GroupNetwork = connection ? networkFrom(connection) : { mode: "user" };
  const dns = [block, connection].flatMap((it) => (it ? dnsFrom(it) : []));
  connection?.finish();
  refuseInGroup(block);
  const group: HostGroup = {
    name,
    count,
    vcpus: block.integer("vcpu", [1, MAX_VCPUS]) ?? 2,
    memoryMiB: memoryFrom(block),
    image: imageFrom(block) ?? all.image ?? DEFAULT_IMAGE,
    diskBytes: diskFrom(block),
    network,
    dns,
    sshKeys: all.sshKeys,
    userdata: userdataFrom(block, all),
    warmPool: poolFrom(block.map("warm_pool")),
  };
  block.finish();
  return group;
}

/** of a pool: how many machines, how many a second, and bounds of their memory in `MiB` */
export const POOL_SIZE = { byDefault: 0, bounds: [0, 256] } as const;
export const POOL_REFILL = { byDefault: 2, bounds: [1, 50] } as const;
export const POOL_MEMORY_MIB = { byDefault: 1024, bounds: [16, 1_048_576] } as const;

function poolFrom(block: MapReader | undefined): WarmPool {
  const size = block?.integer("size", POOL_SIZE.bounds) ?? POOL_SIZE.byDefault;
  const refill = block?.integer("refill_per_second", POOL_REFILL.bounds);
  const memory = block?.integer("memory_mib", POOL_MEMORY_MIB.bounds);
  block?.finish();
  return {
    size,
    refillPerSecond: refill ?? POOL_REFILL.byDefault,
    memoryBytes: (memory ?? POOL_MEMORY_MIB.byDefault) * MIB,
  };
}

function nameFrom(block: MapReader): string {
  const name = block.text("name");
  if (!block.isGiven("name")) block.problem("name", "is missing");
  if (name !== undefined && !GROUP_NAME.test(name)) {
    block.problem("name", `is "${name}"; it must be ${GROUP_NAME_SHAPE}`);
  }
  return name ?? "";
}

function memoryFrom(block: MapReader): number {
  const given = ["ram_gb", "ram_mb", "ram_bytes"].filter((key) => block.isGiven(key));
  const [, second] = given;
  if (second !== undefined) block.problem(second, `and ${given[0]} exclude each other: give one`);
  const gib = block.integer("ram_gb", [1, MAX_MEMORY / 1024]);
  const mib = block.integer("ram_mb", [MIN_MEMORY, MAX_MEMORY]);
  const bytes = block.integer("ram_bytes", [MIN_MEMORY * MIB, MAX_MEMORY * MIB]);
  if (gib !== undefined) return gib * 1024;
  return mib ?? (bytes === undefined ? DEFAULT_MEMORY_MIB : Math.floor(bytes / MIB));
}

/** @returns the image's name, or `undefined` when none is given */
export function imageFrom(block: MapReader): string | undefined {
  const image = block.text("image");
  if (image === undefined || isImageReference(image)) return image;
  const advice = `leave the key out for Alcove's "${DEFAULT_IMAGE}", or name one of \`alcove image list\``;
  const what = /[/:@]/.test(image)
    ? "names an image in a registry, which Alcove does not pull"
    : `is "${image}", which is no image's name`;
  block.problem("image", `${what}: ${advice}`);
  return undefined;
}

function diskFrom(block: MapReader): number | undefined {
  const storage = block.oneOf("storage", ["image", "devmapper", "zfs"]);
  const size = block.text("storage_size");
  if (storage === "zfs") {
    block.problem(
      "storage",
      "is zfs: Alcove keeps disks as files in its state directory; use image",
    );
  }
  if (storage === "devmapper") {
    const instead =
      "Alcove keeps disks as files in its state directory, and those of services for good";
    block.warning("storage", `is devmapper: ${instead}`);
    if (size !== undefined) block.problem("storage_size", "is not for storage: devmapper");
  }
  if (storage === "image" && size === undefined) {
    block.problem("storage", "is image, which needs a storage_size such as 10G");
  }
  return size === undefined ? undefined : diskSizeFrom(block, size);
}

function diskSizeFrom(block: MapReader, text: string): number | undefined {
  const bytes = parseSize(text);
  if (bytes !== undefined && bytes >= MIN_DISK && bytes <= MAX_DISK) return bytes;
  const bounds = `from ${humanBytes(MIN_DISK)} to ${humanBytes(MAX_DISK)}`;
  block.problem("storage_size", `is "${text}"; it must be a size ${bounds}, such as 25G or 512M`);
  return undefined;
}

/** Slicer on Linux has them in the group, on a Mac under `network`. */
function dnsFrom(block: MapReader): readonly string[] {
  const servers: readonly Item[] = block.texts("dns_servers");
  for (const { text } of servers) {
    if (isIP(text) === 0) block.problem("dns_servers", `holds "${text}", which is no address`);
  }
  return servers.map(({ text }) => text);
}

function userdataFrom(block: MapReader, { readText }: ForAllGroups): string | undefined {
  const inline = block.text("userdata");
  const file = block.text("userdata_file");
  if (inline !== undefined && file !== undefined) {
    block.problem("userdata_file", "and userdata exclude each other: give one");
  }
  const fromFile = inline === undefined && file !== undefined;
  const script = fromFile ? fileFrom(block, file, readText) : inline;
  if (Buffer.byteLength(script ?? "") > MAX_USERDATA_BYTES) {
    const longest = humanBytes(MAX_USERDATA_BYTES);
    const key = fromFile ? "userdata_file" : "userdata";
    block.problem(key, `is longer than ${longest}, the most that a guest takes`);
  }
  return script === "" ? undefined : script;
}

function fileFrom(
  block: MapReader,
  file: string,
  readText: ForAllGroups["readText"],
): string | undefined {
  try {
    return readText(file);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    block.problem("userdata_file", `cannot be read: ${why}`);
    return undefined;
  }
}
