/**
 * What a simulated confidential machine has in its run directory, which is the daemon's alone: the disk that its guest
 * will find the secret on, and the launch as far as it has come, for the next daemon.
 */

import { open, readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";

import {
  SimulatedLaunch,
  type SimulatedLaunchState,
} from "#core/aleph/confidential/simulated-launch.ts";
import type { ConfidentialPlan } from "#core/aleph/ports/confidential-backend.ts";

import { beginLaunch } from "../shared/begin-launch.ts";

const SECRET_DISK = "sev-secret.img";
const LAUNCH = "sev-launch.json";

/** A file that is in the run directory before QEMU starts, for nobody but the daemon. */
export interface RunFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** @param runDir the machine's */
export function secretDiskPath(runDir: string): string {
  return path.join(runDir, SECRET_DISK);
}

/** Begins a launch, where the processor does not. */
export async function confidentialFiles(
  plan: ConfidentialPlan | undefined,
): Promise<readonly RunFile[]> {
  const launch = await beginLaunch(plan);
  if (!launch || plan?.kind !== "simulated") return [];
  return [
    { name: SECRET_DISK, bytes: Buffer.alloc(plan.secretDiskBytes) },
    { name: LAUNCH, bytes: textOf(launch.state) },
  ];
}

export async function writeRunFiles(runDir: string, files: readonly RunFile[]): Promise<void> {
  for (const { name, bytes } of files) {
    await writeFile(path.join(runDir, name), bytes, { mode: 0o600, flag: "wx" });
  }
}

/** @returns `undefined` for a machine that nobody simulates a launch of. @throws Error for a damaged file */
export async function readLaunch(runDir: string): Promise<SimulatedLaunch | undefined> {
  try {
    const state: unknown = JSON.parse(await readFile(path.join(runDir, LAUNCH), "utf8"));
    if (isLaunchState(state)) return SimulatedLaunch.restore(state);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
  throw new Error("The file of a machine's launch is damaged");
}

export async function keepLaunch(runDir: string, { state }: SimulatedLaunch): Promise<void> {
  const file = path.join(runDir, LAUNCH);
  await writeFile(`${file}.new`, textOf(state), { mode: 0o600 });
  await rename(`${file}.new`, file);
}

/** Puts a secret onto the disk, with zeros behind it; an empty one takes it off again. */
export async function fillSecretDisk(runDir: string, secret: Uint8Array): Promise<void> {
  await using disk = await open(secretDiskPath(runDir), "r+");
  const { size } = await disk.stat();
  if (secret.length > size) throw new Error(`The disk for the secret has ${size} bytes only`);
  await disk.write(Buffer.concat([secret, Buffer.alloc(size - secret.length)]), 0, size, 0);
}

function textOf(state: SimulatedLaunchState): Buffer {
  return Buffer.from(`${JSON.stringify(state)}\n`);
}

function isLaunchState(value: unknown): value is SimulatedLaunchState {
  if (typeof value !== "object" || value === null) return false;
  if (!("state" in value) || !("policy" in value)) return false;
  const texts = ["tek", "tik", "nonce", "digest"].map((key): unknown => Reflect.get(value, key));
  const isKnown = value.state === "launch-secret" || value.state === "running";
  return isKnown && typeof value.policy === "number" && texts.every((it) => typeof it === "string");
}
