/** What this machine is called, and made of. */

import { cpus, hostname, release, type } from "node:os";

import type { HostIdentity } from "#core/ports/host-identity.ts";
import { printable } from "#lib/text.ts";

const MAX_CHARS = 200;

/** @param startedAt when the daemon began */
export function linuxIdentity(startedAt: Date): HostIdentity {
  const model = cpus()[0]?.model.trim() ?? "";
  return {
    hostname: hostname(),
    kernel: `${type()} ${release()}`,
    cpuModel: model === "" ? `unnamed ${process.arch}` : printable(model, MAX_CHARS),
    node: process.version,
    startedAt,
  };
}
