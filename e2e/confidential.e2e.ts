/**
 * Confidential machines without a processor that makes them so: the owner's firmware measured, his secret let in, and
 * read by the guest. It cannot see what needs AMD's SEV.
 */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { diskSecretOf } from "../packages/daemon/src/core/aleph/confidential/secret-table.ts";
import { Refusal } from "../packages/daemon/src/core/aleph/refusal.ts";
import type { BootPlan, Machine } from "../packages/daemon/src/core/ports/machine.ts";
import { SimulatedSev } from "../packages/daemon/src/host/sev-simulated.ts";
import { GuestOwner } from "../packages/daemon/src/testing/guest-owner.ts";
import { FIRMWARE, grubDisk, hexdumpIn } from "./parts/grub-disk.ts";
import { asRoot, config, freshPlan, open } from "./parts/qemu-machines.ts";

const never = new AbortController().signal;

/** a program that boots a machine, says its handle and waits to be killed */
const DAEMON = path.join(import.meta.dirname, "parts/boot-and-wait.ts");

const VM = "cd".repeat(32);
const POLICY = 1;
/** what the table with the secret takes: GRUB leaves out lines that are alike */
const SHOWN_BYTES = 48;

const scratch = await mkdtemp(path.join(tmpdir(), "confidential-"));
after(() => rm(scratch, { recursive: true }));

const sev = await SimulatedSev.open({
  directory: path.join(scratch, "platform"),
  sessionDirectory: path.join(scratch, "sessions"),
});
const owner = new GuestOwner();
const disk = await grubDisk(path.join(scratch, "guest"), SHOWN_BYTES);

async function confidentialPlan(): Promise<BootPlan> {
  const launch = owner.session(await sev.certificates(never), POLICY);
  const order = { vmHash: VM, launch, policy: POLICY, firmwarePath: FIRMWARE };
  const confidential = await sev.planFor(order, never);
  const root = { id: "root", path: disk, format: "raw", readOnly: false } as const;
  const plan = await freshPlan();
  return {
    ...plan,
    kernel: undefined,
    disks: [{ ...root, backing: undefined }],
    network: { mode: "none" },
    confidential,
  };
}

/** @returns the machine's handle */
async function bootedByOneThatDied(plan: BootPlan): Promise<string> {
  const order = JSON.stringify({ config, plan });
  const daemon = spawn(process.execPath, [DAEMON, order], { stdio: ["ignore", "pipe", "inherit"] });
  const [said]: unknown[] = await once(daemon.stdout, "data");
  daemon.kill("SIGKILL");
  await once(daemon, "exit");
  return String(said).trim();
}

async function measured(machine: Machine | undefined): Promise<string> {
  assert.ok(machine?.confidential && machine.pausedAtStart);
  return (await machine.confidential.measure(never)).launchMeasure;
}

test("a guest waits for its secret over the ends of two daemons, takes no wrong one, and reads the right one", async () => {
  const plan = await confidentialPlan();
  const said = () => readFileSync(plan.consoleLogPath, "utf8");
  const handle = await bootedByOneThatDied(plan);
  await using first = await open().adopt(plan, handle, never);
  const launched = await measured(first);
  const answer = await first?.confidential?.measure(never);
  assert.ok(answer && owner.expects(readFileSync(FIRMWARE), answer));
  assert.ok(!owner.expects(Buffer.from("another firmware"), answer));
  await first?.abandon();

  await using machine = await open().adopt(plan, handle, never);
  assert.equal(await measured(machine), launched);
  assert.ok(machine?.confidential);
  const wrong = new GuestOwner().seal("hunter2", launched);
  await assert.rejects(machine.confidential.inject(wrong, never), (error) =>
    Refusal.is(error, "failed"),
  );
  await delay(500);
  assert.equal(said(), "", "nothing has run yet");

  const status = await machine.confidential.inject(owner.seal("hunter2", launched), never);

  assert.deepEqual(status, { status: "running", singlestep: false, running: true });
  assert.equal((await machine.confidential.measure(never)).info.state, "running");
  assert.deepEqual(await machine.exited, { kind: "clean" });
  const secret = hexdumpIn(said());
  assert.equal(secret.length, SHOWN_BYTES);
  assert.equal(diskSecretOf(secret), "hunter2");
});

test("the secret and its keys are on no command line and in no file that the machine's user can read", async () => {
  const plan = await confidentialPlan();
  await using machine = await open().boot(plan, never);
  const words = readFileSync(`/proc/${machine.pid}/cmdline`, "utf8");
  for (const key of [owner.keys.tek, owner.keys.tik]) {
    assert.ok(!words.includes(Buffer.from(key).toString("hex")));
  }
  assert.ok(words.includes("serial=sev-secret"));
  if (asRoot) {
    assert.match(readFileSync(`/proc/${machine.pid}/status`, "utf8"), /^Uid:(\s19000000\d\d){4}$/m);
  }
  const runDir = plan.runDir;
  assert.ok((await readdir(runDir)).includes("sev-launch.json"));
  await machine[Symbol.asyncDispose]();
  await assert.rejects(readdir(runDir), { code: "ENOENT" });
});

test("every machine is a launch of its own, though session and firmware are the same", async () => {
  const plan = await confidentialPlan();
  await using one = await open().boot(plan, never);
  const before = await measured(one);
  await one[Symbol.asyncDispose]();
  await using next = await open().boot(plan, never);
  assert.notEqual(await measured(next), before);
  const stale = owner.seal("hunter2", before);
  assert.ok(next.confidential);
  await assert.rejects(next.confidential.inject(stale, never), /does not fit/);
});
