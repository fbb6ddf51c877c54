/**
 * The QEMU driver under the hypervisor contract, with real machines and the real agent inside.
 *
 * It cannot see what needs a second host or hardware virtualisation.
 */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { open as openFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { macAddress, userNetworkPlan } from "../packages/daemon/src/core/network/user-network.ts";
import type { BootPlan, Machine } from "../packages/daemon/src/core/ports/machine.ts";
import { describeHypervisor } from "../packages/daemon/src/drivers/conformance.ts";
import { isAlive, startTicksOf } from "../packages/daemon/src/drivers/qemu/processes.ts";
import {
  asRoot,
  config,
  dial,
  freshPlan,
  image,
  open,
  overlayOn,
  powerOff,
} from "./parts/qemu-machines.ts";

const never = new AbortController().signal;

/** a program that boots a machine, says its handle and waits to be killed */
const DAEMON = path.join(import.meta.dirname, "parts/boot-and-wait.ts");

function startDaemon(plan: BootPlan): ReturnType<typeof spawn> {
  const order = JSON.stringify({ config, plan });
  return spawn(process.execPath, [DAEMON, order], { stdio: ["ignore", "pipe", "inherit"] });
}

function runs(pid: number): boolean {
  return startTicksOf(pid) !== undefined;
}

async function killed(pid: number): Promise<void> {
  const startTicks = startTicksOf(pid) ?? 0;
  process.kill(pid, "SIGKILL");
  while (isAlive({ pid, startTicks })) await delay(5);
}

describeHypervisor("qemu", {
  open,
  freshPlan,
  overlayOn: (disk) => overlayOn(disk),
  dial,
  async hopelessPlan() {
    const plan = { ...(await freshPlan()), memoryMiB: 2 ** 30 };
    return { plan, complaint: /exit code 1: .*(memory|RAM)/ };
  },
  powerOff,
  crash: (machine) => killed(machine.pid),
  async identity(machine) {
    await using link = await dial(machine);
    return link.agent.bootId;
  },
  runs,
});

test("qemu: a machine has no privileges, no capabilities and a filter on system calls", async () => {
  await using machine = await open().boot(await freshPlan(), never);

  const status = readFileSync(`/proc/${machine.pid}/status`, "utf8");

  assert.match(status, /^NoNewPrivs:\s1$/m);
  assert.match(status, /^Seccomp:\s2$/m);
  if (!asRoot) return;
  assert.match(status, /^Uid:(\s19000000\d\d){4}$/m);
  assert.match(status, /^Gid:(\s19000000\d\d){4}$/m);
  assert.match(status, /^Groups:\s*$/m);
  for (const set of ["Inh", "Prm", "Eff", "Bnd", "Amb"]) {
    assert.match(status, new RegExp(`^Cap${set}:\\s0+$`, "m"));
  }
});

test(
  "qemu: two machines run as two users",
  { skip: asRoot ? false : "only root can run QEMU as somebody else" },
  async () => {
    const hypervisor = open();
    await using first = await hypervisor.boot(await freshPlan(), never);
    await using second = await hypervisor.boot(await freshPlan(), never);

    assert.notEqual(JSON.parse(first.handle).uid, JSON.parse(second.handle).uid);
  },
);

test("qemu: what the kernel says is appended to the console log", async () => {
  const plan = await freshPlan();
  assert.ok(plan.kernel);
  const loud = { ...plan.kernel, args: [...plan.kernel.args, "ignore_loglevel"] };
  await using machine = await open().boot({ ...plan, kernel: loud }, never);

  await using link = await dial(machine);

  assert.equal((await link.health(never)).agentVersion, image.agentVersion);
  assert.match(readFileSync(plan.consoleLogPath, "utf8"), /Linux version 6/);
});

test("qemu: a program that is missing is named", async () => {
  const plan = await freshPlan();

  await assert.rejects(open({ binary: "qemu-of-nowhere" }).boot(plan, never), /qemu-of-nowhere/);
});

test("qemu: a QEMU that does not come up in time is ended", async () => {
  const plan = await freshPlan();

  await assert.rejects(open({ bootTimeoutMs: 1 }).boot(plan, never), {
    code: "timed_out",
    details: { afterMs: 1 },
  });

  assert.equal(await open().adopt(plan, undefined, never), undefined);
});

test("qemu: a machine outlives a daemon that is killed, and the next one adopts it", async () => {
  const plan = await freshPlan();
  const daemon = startDaemon(plan);
  assert.ok(daemon.stdout);
  const [said]: unknown[] = await once(daemon.stdout, "data");
  daemon.kill("SIGKILL");
  await once(daemon, "exit");

  await using found = await open().adopt(plan, String(said).trim(), never);

  assert.ok(found);
  assert.equal(runs(found.pid), true);
  await using link = await dial(found);
  assert.equal((await link.health(never)).agentVersion, image.agentVersion);
});

test("qemu: a daemon killed in the middle of a boot leaves a machine that is found or swept", async () => {
  const plan = await freshPlan();
  const daemon = startDaemon(plan);
  while (!existsSync(plan.runDir)) await delay(1);
  daemon.kill("SIGKILL");
  await once(daemon, "exit");

  await open().sweep(path.dirname(plan.runDir), new Set(), never);

  assert.equal(await open().adopt(plan, undefined, never), undefined);
});

test("qemu: what was written before a layer is in the file below, what came after is not", async () => {
  const plan = await freshPlan();
  const [below] = plan.disks;
  assert.ok(below);
  const above = await overlayOn(below);
  await using machine = await open().boot(plan, never);
  await inShell(machine, "echo before > /root/words && sync");
  await machine.pausing?.pause(never);
  await machine.layering?.addLayer(above, never);
  await machine.pausing?.resume(never);
  await inShell(machine, "echo after >> /root/words && sync");

  // Others stand on the lower one while the machine goes on.
  const others = { ...(await freshPlan()), disks: [await overlayOn(below)] };
  await using other = await open().boot(others, never);

  assert.equal(await inShell(other, "cat /root/words"), "before\n");
  assert.equal(await inShell(machine, "cat /root/words"), "before\nafter\n");
  await machine[Symbol.asyncDispose]();
  await using again = await open().boot({ ...plan, disks: [above] }, never);
  assert.equal(await inShell(again, "cat /root/words"), "before\nafter\n");
});

async function inShell(machine: Machine, command: string): Promise<string> {
  await using link = await dial(machine);
  const order = {
    program: { kind: "shell", shell: "/bin/sh", command, args: [] },
    env: [],
    cwd: "/",
    user: { uid: 0, gid: 0 },
    stdin: false,
    stdout: true,
    stderr: true,
    pty: undefined,
  } as const;
  const running = await link.exec(order, never);
  const said: Buffer[] = [];
  for await (const { bytes } of running.output) said.push(Buffer.from(bytes));
  assert.equal((await running.ended).exitCode, 0, Buffer.concat(said).toString());
  return Buffer.concat(said).toString();
}

test("qemu: a machine that was given a layer can write to nothing below it, not even its QEMU could", async () => {
  const plan = await freshPlan();
  const [below] = plan.disks;
  assert.ok(below);
  const above = await overlayOn(below);
  await using machine = await open().boot(plan, never);
  await machine.pausing?.pause(never);
  await machine.layering?.addLayer(above, never);
  await machine.pausing?.resume(never);
  await inShell(machine, "echo words > /root/words && sync");

  const held = descriptorsOf(machine.pid).filter(({ file }) => file.endsWith(".qcow2"));

  const writable = held.filter(({ writes }) => writes).map(({ file }) => file);
  assert.deepEqual([...new Set(writable)], [above.path]);
  assert.ok(held.some(({ file }) => file === below.path));
});

function descriptorsOf(pid: number): readonly { fd: string; file: string; writes: boolean }[] {
  return readdirSync(`/proc/${pid}/fd`).map((fd) => {
    const flags = /^flags:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/fdinfo/${fd}`, "utf8"))?.[1];
    const accessMode = Number.parseInt(flags ?? "0", 8) & 3;
    return { fd, file: readlinkSync(`/proc/${pid}/fd/${fd}`), writes: accessMode !== 0 };
  });
}

test("qemu: the memory that forks have in common can be changed by none of them, nor by us", async () => {
  const plan = await freshPlan();
  const { templates } = open();
  const directory = `${plan.consoleLogPath}-template`;
  {
    await using original = await templates.boot(plan, never);
    await using _answers = await dial(original);
    await original.freeze(directory, never);
  }
  const forkPlan = {
    ...(await freshPlan()),
    disks: await Promise.all(plan.disks.map((disk) => overlayOn(disk))),
    network: userNetworkPlan(8, macAddress("another")),
  };
  await using template = await templates.open(directory, never);
  await using fork = await template.fork(forkPlan, never);
  const memory = descriptorsOf(fork.pid).find(({ file }) => file.startsWith("/memfd:"));
  assert.ok(memory);

  await using handle = await openFile(`/proc/${fork.pid}/fd/${memory.fd}`, "r+");

  await assert.rejects(handle.write("words", 0), { code: "EPERM" });
  await assert.rejects(handle.truncate(0), { code: "EPERM" });
});
