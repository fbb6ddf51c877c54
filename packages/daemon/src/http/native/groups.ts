/** Host groups: what their VMs have, and what a launch there is held to. */

import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Type } from "typebox";

import { Group } from "@alcove/api";
import type { GroupAccount } from "#core/host/host-desk.ts";
import { MIB } from "#lib/bytes.ts";

import type { HostParts } from "./host.ts";

export const groupRoutes: FastifyPluginAsyncTypebox<HostParts> = async (app, { hostDesk }) => {
  const list = {
    schema: { response: { 200: Type.Array(Group) } },
    config: { access: "host:read" },
  } as const;
  app.get("/groups", list, async () => (await hostDesk.groups()).map(groupOf));
};

function groupOf({ group, use, free, minMemoryBytes }: GroupAccount): Group {
  const { name, count, vcpus, image, diskBytes } = group;
  const memoryBytes = group.memoryMiB * MIB;
  return {
    name,
    count,
    vcpus,
    image,
    memory_bytes: memoryBytes,
    ...(diskBytes === undefined ? {} : { disk_bytes: diskBytes }),
    network: group.network.mode,
    ssh_keys: group.sshKeys.length,
    pool: group.warmPool.size,
    use: {
      vms: use.vms,
      running: use.running,
      vcpus: use.vcpus,
      memory_bytes: use.memoryBytes,
    },
    limits: {
      vcpus,
      memory_min_bytes: minMemoryBytes,
      memory_bytes: memoryBytes,
      free: {
        vcpus: free.vcpus,
        memory_bytes: free.memoryBytes,
        disk_bytes: free.diskBytes,
        vms: free.vms,
      },
    },
  };
}
