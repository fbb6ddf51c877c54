/** Without a configuration file there is one host group, for VMs made by the API. */

import type { HostGroup, WarmPool } from "#core/group/host-group.ts";
import { MIB } from "#lib/bytes.ts";

import {
  GROUP_NAME,
  GROUP_NAME_SHAPE,
  POOL_MEMORY_MIB,
  POOL_REFILL,
  POOL_SIZE,
} from "./group-block.ts";
import type { SettingsReader } from "./settings-reader.ts";

export function ownGroup(read: SettingsReader): HostGroup {
  return {
    name: read.shaped("ALCOVE_GROUP_NAME", "sbox", GROUP_NAME, GROUP_NAME_SHAPE),
    vcpus: read.integer("ALCOVE_GROUP_VCPUS", 2, [1, 64]),
    memoryMiB: read.integer("ALCOVE_GROUP_MEMORY_MIB", 1024, [64, 1_048_576]),
    image: read.text("ALCOVE_GROUP_IMAGE", "base"),
    network: { mode: read.oneOf("ALCOVE_GROUP_NETWORK", ["user", "none"]) },
    count: 0,
    diskBytes: undefined,
    dns: [],
    sshKeys: [],
    userdata: undefined,
    warmPool: ownPool(read),
  };
}

function ownPool(read: SettingsReader): WarmPool {
  const number = (
    name: string,
    {
      byDefault,
      bounds,
    }: { readonly byDefault: number; readonly bounds: readonly [number, number] },
  ) => read.integer(`ALCOVE_GROUP_POOL_${name}`, byDefault, bounds);
  return {
    size: number("SIZE", POOL_SIZE),
    refillPerSecond: number("REFILL", POOL_REFILL),
    memoryBytes: number("MEMORY_MIB", POOL_MEMORY_MIB) * MIB,
  };
}
