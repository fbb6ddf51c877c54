/**
 * Brings what the baselines need and Alcove does not: libvirt, and QEMU's guest agent for a guest.
 *
 *     node_modules/.bin/node bench/setup/main.ts
 *
 * `npm run bench` does it first. What cannot be brought is said in a sentence and is no failure: the
 * benches then say in their tables which rows they could not run, and why.
 */

import { mkdir } from "node:fs/promises";

import { runCommand } from "../../scripts/command.ts";
import {
  downloadedDebs,
  GUEST_AGENT_DEBS,
  GUEST_PACKAGES,
  LIBVIRT_DIRECTORIES,
  LIBVIRT_PACKAGES,
  missingPackages,
} from "./baselines.ts";

const APT = ["-q", "-o", "DPkg::Lock::Timeout=300"] as const;

const signal = new AbortController().signal;
await step("libvirt", libvirt);
await step("QEMU's guest agent for guests", guestAgent);

/** @param work resolves with what it did */
async function step(title: string, work: () => Promise<string>): Promise<void> {
  try {
    console.log(`bench setup: ${title}: ${await work()}`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    console.log(`bench setup: ${title}: not here, its rows will not be run. ${reason}`);
  }
}

/** No service of it is started: a bench starts a daemon of its own, and ends it. */
async function libvirt(): Promise<string> {
  const missing = await missingPackages(LIBVIRT_PACKAGES, signal);
  if (missing.length > 0) {
    mustBeRoot(`apt-get install --no-install-recommends ${missing.join(" ")}`);
    const more = ["install", "-y", "--no-install-recommends", ...missing];
    await apt([...APT, ...more], "/");
  }
  for (const directory of LIBVIRT_DIRECTORIES) await mkdir(directory, { recursive: true });
  return missing.length > 0 ? `installed ${missing.join(", ")}` : "already there";
}

async function guestAgent(): Promise<string> {
  const there = await downloadedDebs();
  if (there.length === GUEST_PACKAGES.length) return "already there";
  await mkdir(GUEST_AGENT_DEBS, { recursive: true });
  await apt(
    [...APT, "-o", "APT::Sandbox::User=root", "download", ...GUEST_PACKAGES],
    GUEST_AGENT_DEBS,
  );
  return `fetched ${GUEST_PACKAGES.join(", ")}`;
}

function mustBeRoot(command: string): void {
  if (process.getuid?.() !== 0) throw new Error(`Only root can install it: ${command}`);
}

async function apt(args: readonly string[], cwd: string): Promise<void> {
  // RUNLEVEL=1 keeps maintainer scripts from starting services.
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" };
  const end = await runCommand({ file: "apt-get", args, cwd, env }, signal);
  if (end.code === 0) return;
  const last = end.output.trim().split("\n").slice(-3).join(" ");
  throw new Error(`apt-get ended with ${end.code}: ${last}`);
}
