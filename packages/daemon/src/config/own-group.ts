/** Without a configuration file there is one host group, for VMs made by the API. */

import type { HostGroup } from "#core/group/host-group.ts";

import { GROUP_NAME, GROUP_NAME_SHAPE } from "./group-block.ts";
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
  };
}
