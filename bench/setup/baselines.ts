/** What the baselines need on this machine, and whether it is there. */

import { readdir } from "node:fs/promises";
import path from "node:path";

import { IMAGES } from "../../e2e/harness/can-run.ts";
import { runCommand } from "../../scripts/command.ts";

/** Daemon, QEMU driver and `virsh`, without what would serve by itself after the next boot. */
export const LIBVIRT_PACKAGES = [
  "libvirt-daemon",
  "libvirt-daemon-driver-qemu",
  "libvirt-clients",
] as const;

/** Where libvirt's daemon keeps things. A bench's daemon sees empty ones of its own in their place. */
export const LIBVIRT_DIRECTORIES = [
  "/etc/libvirt",
  "/run/libvirt",
  "/var/cache/libvirt",
  "/var/lib/libvirt",
  "/var/log/libvirt",
] as const;

/** the guest agent, and what it needs that the default image has not */
export const GUEST_PACKAGES = [
  "libglib2.0-0",
  "libnuma1",
  "liburing2",
  "qemu-guest-agent",
] as const;

/** beside the image store; they are installed in a guest, not here */
export const GUEST_AGENT_DEBS = path.join(path.dirname(IMAGES), "bench/guest-agent");

const SETUP = "`node_modules/.bin/node bench/setup/main.ts` installs it";

/** @returns why libvirt cannot be measured here, one sentence; `undefined` when it can */
export async function whyNoLibvirt(signal: AbortSignal): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return "libvirt's daemon is started by root only";
  const missing = await missingPackages(LIBVIRT_PACKAGES, signal);
  if (missing.length > 0) return `${missing.join(" and ")} is not installed; ${SETUP}`;
  return await whyNoGuestAgent();
}

/** @returns why a guest cannot be given QEMU's agent, one sentence; `undefined` when it can */
export async function whyNoGuestAgent(): Promise<string | undefined> {
  const there = await downloadedDebs();
  if (there.length === GUEST_PACKAGES.length) return undefined;
  return `QEMU's guest agent was not fetched; ${SETUP}`;
}

/** @returns paths of the guest agent's packages, as far as they are there */
export async function downloadedDebs(): Promise<readonly string[]> {
  const names = await readdir(GUEST_AGENT_DEBS).catch(() => []);
  const debs = GUEST_PACKAGES.flatMap((name) =>
    names.filter((file) => file.startsWith(`${name}_`) && file.endsWith(".deb")).slice(0, 1),
  );
  return debs.map((file) => path.join(GUEST_AGENT_DEBS, file));
}

export async function missingPackages(
  names: readonly string[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const query = ["-W", "-f", "${Package} ${db:Status-Status}\\n", ...names];
  const { stdout } = await runCommand({ file: "dpkg-query", args: query, cwd: "/" }, signal);
  const lines = new Set(stdout.split("\n"));
  return names.filter((name) => !lines.has(`${name} installed`));
}
