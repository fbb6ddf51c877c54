/**
 * `alcove doctor`: what this host can do, what is missing, and how to get it.
 * A composition root of its own, because it must work when the daemon cannot start.
 * Exits with 1 when something that VMs need is missing.
 */

import { access, constants } from "node:fs/promises";
import path from "node:path";

import type { ImageStore, ResolvedImage } from "#core/ports/image-store.ts";
import { type Finding, diagnosisText } from "#host/diagnosis.ts";
import { linuxFacts } from "#host/linux-facts.ts";
import { LocalImageStore } from "#images/local-image-store.ts";
import { GIB, humanBytes } from "#lib/bytes.ts";
import { missingForNetworks } from "#network/needs.ts";
import { ProgramMissing, runText } from "#process/run.ts";

import { accelerated } from "./compose/acceleration.ts";
import { groupWithTaps } from "./compose/networks.ts";
import { type Config, readConfig } from "./config/config.ts";

const PROBE_TIMEOUT_MS = 90_000;
const LOW_DISK_BYTES = 5 * GIB;

async function diagnose(config: Config, signal: AbortSignal): Promise<readonly Finding[]> {
  const images = await LocalImageStore.open(path.join(config.stateDir, "images"));
  const qemu = await qemuFinding(config, signal);
  const image = await images.resolve(config.groups[0].image, signal).catch(() => undefined);
  const ready = qemu.verdict === "ok" && image !== undefined;
  return [
    { subject: "node", verdict: "ok", found: process.version },
    qemu,
    await agentFinding(config),
    imageFinding(config, image),
    ...(image ? [kernelFinding(image)] : []),
    ...(ready ? [await accelerationFinding(config, images, signal)] : []),
    userFinding(),
    networkFinding(config),
    ...(await resourceFindings(config)),
  ];
}

async function qemuFinding(config: Config, signal: AbortSignal): Promise<Finding> {
  const subject = "qemu";
  try {
    const text = await runText({ file: config.qemuBinary, args: ["--version"] }, signal);
    return { subject, verdict: "ok", found: text.split("\n")[0] ?? "" };
  } catch (error) {
    if (!(error instanceof ProgramMissing)) throw error;
    const remedy = "apt-get install qemu-system-x86 (the set-up of `npm start` does it)";
    return { subject, verdict: "missing", found: `${config.qemuBinary} is not installed`, remedy };
  }
}

async function agentFinding(config: Config): Promise<Finding> {
  const subject = "guest agent";
  const there = await access(config.agentBinary, constants.X_OK).then(
    () => true,
    () => false,
  );
  if (there) return { subject, verdict: "ok", found: "built" };
  return { subject, verdict: "missing", found: "not built", remedy: "npm run setup" };
}

function imageFinding(config: Config, image: ResolvedImage | undefined): Finding {
  const subject = `image ${config.groups[0].image}`;
  if (image) return { subject, verdict: "ok", found: image.id.slice(0, 12) };
  const remedy = `alcove image build ${config.groups[0].image}`;
  return { subject, verdict: "missing", found: "not built, or damaged", remedy };
}

function kernelFinding({ kernel }: ResolvedImage): Finding {
  const found = `${kernel.name} ${kernel.release}`;
  if (kernel.name === "kernel-small") return { subject: "kernel", verdict: "ok", found };
  const remedy = "alcove image build kernel-small compiles one that boots in about half the time";
  return { subject: "kernel", verdict: "note", found, remedy };
}

async function accelerationFinding(
  config: Config,
  images: ImageStore,
  signal: AbortSignal,
): Promise<Finding> {
  const subject = "acceleration";
  const { qemu, reason } = await accelerated(config, images, signal);
  if (qemu.accel === "kvm") return { subject, verdict: "ok", found: `KVM. ${reason}` };
  return {
    subject,
    verdict: "note",
    found: `emulation: real VMs, several times slower. ${reason}`,
    remedy:
      "use a machine, or a VM with nested virtualisation, whose /dev/kvm runs ordinary kernels",
  };
}

function userFinding(): Finding {
  if (process.getuid?.() === 0) {
    return {
      subject: "user",
      verdict: "ok",
      found: "root: every VM's QEMU runs as a user of its own",
    };
  }
  return {
    subject: "user",
    verdict: "note",
    found: "not root: all VMs' QEMUs run as your own user",
    remedy: "run the daemon as root to separate them from you and from each other",
  };
}

function networkFinding(config: Config): Finding {
  const subject = "networks";
  const lacking = [...(process.getuid?.() === 0 ? [] : ["root"]), ...missingForNetworks()];
  if (lacking.length === 0) return { subject, verdict: "ok", found: "all modes" };
  return {
    subject,
    verdict: groupWithTaps(config) ? "missing" : "note",
    found: "user and none only",
    remedy: `bridge and isolated networks need ${lacking.join(", ")}`,
  };
}

async function resourceFindings(config: Config): Promise<Finding[]> {
  const facts = linuxFacts(config.stateDir);
  const [memory, disk] = await Promise.all([facts.memory(), facts.disk()]);
  const cpus = `${facts.cpuCount()} CPUs, ${humanBytes(memory.totalBytes)} memory (${humanBytes(memory.availableBytes)} available)`;
  const free = `${humanBytes(disk.freeBytes)} free in ${config.stateDir}`;
  const tight = disk.freeBytes < LOW_DISK_BYTES;
  return [
    { subject: "cpu and memory", verdict: "ok", found: cpus },
    tight
      ? {
          subject: "disk",
          verdict: "note",
          found: free,
          remedy: "make room, or set ALCOVE_STATE_DIR",
        }
      : { subject: "disk", verdict: "ok", found: free },
  ];
}

process.umask(0o077);
try {
  const config = readConfig(process.env, process.getuid?.() ?? 0);
  const findings = await diagnose(config, AbortSignal.timeout(PROBE_TIMEOUT_MS));
  const json = process.argv.includes("--json");
  process.stdout.write(
    json ? `${JSON.stringify(findings, undefined, 2)}\n` : diagnosisText(findings),
  );
  process.exitCode = findings.some(({ verdict }) => verdict === "missing") ? 1 : 0;
} catch (error) {
  process.stderr.write(`doctor: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
