/**
 * Whether this host can run guests by hardware, found out by running one.
 *
 * The presence of /dev/kvm says nothing: it may be closed to us, and under some kinds of nesting it
 * opens, makes a machine, and never gets an ordinary kernel off the ground. So a guest is booted under
 * each kind of acceleration, best first, until one has run a program of its own within a deadline.
 * The verdict holds until the host reboots, or QEMU or the kernel change.
 */

import {
  access,
  chmod,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import path from "node:path";

import type { BootPlan } from "#core/ports/machine.ts";
import { SecretBytes } from "#core/secrets/secret-bytes.ts";
import { unlessAborted, within } from "#lib/patience.ts";
import { runText } from "#process/run.ts";

import { startTicksOf } from "./processes.ts";
import { PROBE_WORDS, probeInitramfs } from "./probe-guest.ts";
import { type QemuConfig, QemuHypervisor } from "./qemu-hypervisor.ts";

export interface AccelerationRequest {
  /** how QEMU will be run, so that the probe meets the same permissions */
  readonly config: Omit<QemuConfig, "accel">;
  /** absolute path of an uncompressed kernel, preferably the one that will be used */
  readonly kernelPath: string;
  /** directory for the files of all who probe, made if missing; nothing else may be in it */
  readonly scratchDir: string;
  /** file in which the verdict is kept */
  readonly cachePath: string;
}

export interface Acceleration {
  readonly accel: "kvm" | "tcg";
  /** one sentence for people: why not the faster one, or how it was proved */
  readonly reason: string;
  readonly probedAt: Date;
}

type Accel = Acceleration["accel"];

const NAMES: Readonly<Record<Accel, string>> = { kvm: "KVM", tcg: "emulation (TCG)" };

/** how long the probe guest may take, in `ms`; by hardware it takes a fraction of a second */
export const PROBE_DEADLINE_MS: Readonly<Record<Accel, number>> = { kvm: 3000, tcg: 60_000 };

/** how long QEMU may take to say its version, in `ms` */
const VERSION_TIMEOUT_MS = 10_000;

/** a probe is never saved */
const NO_STATES = new SecretBytes(Buffer.alloc(0));

const KVM_DEVICE = "/dev/kvm";

const PROBE_MEMORY_MIB = 128;

const INITRAMFS = "initramfs";

/** names in the scratch directory say which process probes there */
const PROBER = /^probe-(\d+)(?:-files)?$/;

/** Rejects when no guest runs at all, with what each kind of acceleration failed with. */
export async function probeAcceleration(
  request: AccelerationRequest,
  signal: AbortSignal,
): Promise<Acceleration> {
  signal.throwIfAborted();
  const key = await keyOf(request, signal);
  const cached = await readVerdict(request.cachePath, key);
  if (cached) return cached;
  const verdict = { ...(await probeEach(request, signal)), probedAt: new Date() };
  await writeVerdict(request.cachePath, key, verdict);
  return verdict;
}

async function probeEach(
  request: AccelerationRequest,
  signal: AbortSignal,
): Promise<Omit<Acceleration, "probedAt">> {
  const noKvm = await whyNot("kvm", request, signal);
  if (noKvm === undefined) return { accel: "kvm", reason: "A probe guest ran under KVM." };
  const noTcg = await whyNot("tcg", request, signal);
  if (noTcg === undefined) return { accel: "tcg", reason: `KVM is not used: ${noKvm}` };
  throw new Error(`No guest runs on this host. KVM: ${noKvm} Emulation: ${noTcg}`);
}

/** @returns why a guest does not run that way, as a sentence, or `undefined` when it does */
async function whyNot(
  accel: Accel,
  request: AccelerationRequest,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (accel === "kvm" && !(await exists(KVM_DEVICE))) return `${KVM_DEVICE} does not exist.`;
  const deadline = within(PROBE_DEADLINE_MS[accel], signal);
  try {
    return await runProbe(accel, request, deadline);
  } catch (error) {
    signal.throwIfAborted();
    if (deadline.aborted) {
      return `a probe guest under ${NAMES[accel]} ran no program within ${PROBE_DEADLINE_MS[accel]} ms.`;
    }
    return sentence(error instanceof Error ? error.message : String(error));
  }
}

async function runProbe(
  accel: Accel,
  { config, kernelPath, scratchDir }: AccelerationRequest,
  deadline: AbortSignal,
): Promise<string | undefined> {
  const hypervisor = new QemuHypervisor({ ...config, accel }, NO_STATES);
  await using scratch = new AsyncDisposableStack();
  await removeLeftovers(hypervisor, scratchDir, deadline);
  const plan = probePlan(kernelPath, scratchDir);
  const files = path.dirname(plan.consoleLogPath);
  scratch.defer(() => rm(files, { recursive: true, force: true }));
  await mkdir(files, { recursive: true, mode: 0o700 });
  const initramfs = path.join(files, INITRAMFS);
  await writeFile(initramfs, probeInitramfs());
  await chmod(initramfs, 0o644); // whatever our umask: QEMU reads it as another user
  await using machine = await hypervisor.boot(plan, deadline);
  const exit = await unlessAborted(machine.exited, deadline);
  const console = await readFile(plan.consoleLogPath, "latin1");
  if (console.includes(PROBE_WORDS)) return undefined;
  return exit.kind === "clean" ? "the probe guest ended without a word." : sentence(exit.lastWords);
}

/** A prober that was killed may have left a guest that spins for ever. Others may be at work just now. */
async function removeLeftovers(
  hypervisor: QemuHypervisor,
  scratchDir: string,
  signal: AbortSignal,
): Promise<void> {
  const names = await readdir(scratchDir).catch(() => []); // never made: nothing is left
  const atWork = names.filter((name) => {
    const prober = Number(PROBER.exec(name)?.[1]);
    return prober !== process.pid && startTicksOf(prober) !== undefined;
  });
  await hypervisor.sweep(scratchDir, new Set(atWork), signal);
}

function sentence(words: string): string {
  return `${words
    .trim()
    .replaceAll(/\s*\n\s*/g, "; ")
    .replace(/\.$/, "")}.`;
}

function probePlan(kernelPath: string, scratchDir: string): BootPlan {
  const vmId = `probe-${process.pid}`;
  const files = path.join(scratchDir, `${vmId}-files`);
  return {
    vmId,
    vcpus: 1,
    memoryMiB: PROBE_MEMORY_MIB,
    kernel: { path: kernelPath, initramfsPath: path.join(files, INITRAMFS), args: [] },
    disks: [],
    network: { mode: "none" },
    runDir: path.join(scratchDir, vmId),
    consoleLogPath: path.join(files, "console.log"),
  };
}

/** What a verdict depends on; another value makes it worthless. */
async function keyOf(request: AccelerationRequest, signal: AbortSignal): Promise<string> {
  const deadline = within(VERSION_TIMEOUT_MS, signal);
  const version = await runText({ file: request.config.binary, args: ["--version"] }, deadline);
  const { size, mtimeMs } = await stat(request.kernelPath);
  const bootId = await readFile("/proc/sys/kernel/random/boot_id", "utf8");
  return JSON.stringify({
    kernel: [request.kernelPath, size, mtimeMs],
    qemu: [request.config.binary, version.split("\n")[0]],
    unprivileged: request.config.users !== undefined,
    bootId: bootId.trim(),
  });
}

async function readVerdict(file: string, key: string): Promise<Acceleration | undefined> {
  const kept: unknown = await readFile(file, "utf8")
    .then(JSON.parse, () => undefined)
    .catch(() => undefined);
  if (typeof kept !== "object" || kept === null) return undefined;
  if (!("key" in kept && "accel" in kept && "reason" in kept && "probedAt" in kept))
    return undefined;
  const { accel, reason, probedAt } = kept;
  if (kept.key !== key || (accel !== "kvm" && accel !== "tcg")) return undefined;
  if (typeof reason !== "string" || typeof probedAt !== "string") return undefined;
  return { accel, reason, probedAt: new Date(probedAt) };
}

async function writeVerdict(file: string, key: string, verdict: Acceleration): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(`${file}.new`, `${JSON.stringify({ key, ...verdict })}\n`);
  await rename(`${file}.new`, file);
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
