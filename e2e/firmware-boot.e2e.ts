/** Disks that boot themselves: firmware, PCI, and a power button for guests that have no agent of ours. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";

import type { BootPlan } from "../packages/daemon/src/core/ports/machine.ts";
import { bootableDisk, type BootableDiskOrder } from "./parts/bootable-disk.ts";
import {
  AGENT,
  asRoot,
  dial,
  freshPlan,
  image,
  open,
  overlayOn,
  ROOT,
  STORE,
} from "./parts/qemu-machines.ts";
import { inTime, until } from "./harness/until.ts";

const never = new AbortController().signal;

const scratch = await mkdtemp(path.join(tmpdir(), "firmware-boot-"));
after(() => rm(scratch, { recursive: true }));

async function firmwarePlan(init: BootableDiskOrder["init"]): Promise<BootPlan> {
  const file = await bootableDisk({
    directory: path.join(scratch, init),
    image,
    storeRoot: STORE,
    recipesDir: path.join(ROOT, "images"),
    agentPath: AGENT,
    init,
  });
  const plan = await freshPlan();
  const parent = {
    id: "root",
    path: file,
    format: "raw",
    readOnly: false,
    backing: undefined,
  } as const;
  return { ...plan, kernel: undefined, disks: [await overlayOn(parent, (await stat(file)).size)] };
}

test("a disk with a partition table boots by its own loader, and our agent in it is reached", async () => {
  const plan = await firmwarePlan("image");
  await using machine = await open().boot(plan, never);
  assert.ok(machine.powerButton);

  await using link = await dial(machine);

  assert.equal((await link.health(never)).agentVersion, image.agentVersion);
  const status = readFileSync(`/proc/${machine.pid}/status`, "utf8");
  assert.match(status, /^Seccomp:\s2$/m);
  if (asRoot) assert.match(status, /^Uid:(\s19000000\d\d){4}$/m);
});

test("a guest without an agent is adopted, hears the power button, and ends cleanly", async () => {
  const plan = await firmwarePlan("quiet");
  await using first = await open().boot(plan, never);
  const said = () => readFileSync(plan.consoleLogPath, "utf8");
  await until("the guest waits", async () => said().includes("quiet guest: waits for"));
  await first.abandon();

  await using machine = await open().adopt(plan, first.handle, never);
  assert.ok(machine?.powerButton);
  await machine.powerButton.press(never);

  assert.deepEqual(await inTime("the guest ends", machine.exited), { kind: "clean" });
  assert.match(said(), /Q35.*, \d+ PCI devices/);
  assert.match(said(), /the power button was pressed/);
});
