/** A daemon in miniature: boots the machine it is given, says its handle, and waits to be killed. */

import type { BootPlan } from "../../packages/daemon/src/core/ports/machine.ts";
import { SecretBytes } from "../../packages/daemon/src/core/secrets/secret-bytes.ts";
import {
  type QemuConfig,
  QemuHypervisor,
} from "../../packages/daemon/src/drivers/qemu/qemu-hypervisor.ts";

const order: { config: QemuConfig; plan: BootPlan } = JSON.parse(process.argv[2] ?? "");

const machine = await new QemuHypervisor(order.config, new SecretBytes(Buffer.alloc(32))).boot(
  order.plan,
  new AbortController().signal,
);
process.stdout.write(`${machine.handle}\n`);
setInterval(() => undefined, 60_000);
