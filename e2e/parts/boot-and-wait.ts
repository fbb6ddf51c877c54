/** A daemon in miniature: boots the machine it is given, says its handle, and waits to be killed. */

import type { BootPlan } from "../../packages/daemon/src/core/ports/hypervisor.ts";
import {
  type QemuConfig,
  QemuHypervisor,
} from "../../packages/daemon/src/drivers/qemu/qemu-hypervisor.ts";

const order: { config: QemuConfig; plan: BootPlan } = JSON.parse(process.argv[2] ?? "");

const machine = await new QemuHypervisor(order.config).boot(
  order.plan,
  new AbortController().signal,
);
process.stdout.write(`${machine.handle}\n`);
setInterval(() => undefined, 60_000);
