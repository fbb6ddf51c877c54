/** Whether QEMU can make confidential machines on this host, and how addresses look in them. */

import { access, constants } from "node:fs/promises";

import { within } from "#lib/patience.ts";
import { runText } from "#process/run.ts";

import { asObject } from "./qmp.ts";

/** how long QEMU may take to answer, in `ms` */
const TIMEOUT_MS = 10_000;

const KVM_DEVICE = "/dev/kvm";
const SEV_DEVICE = "/dev/sev";

export interface SevAddressBits {
  readonly cbitpos: number;
  readonly reducedPhysBits: number;
}

/**
 * Asks a QEMU without a machine.
 * @param binary program name or absolute path
 * @returns what the backend needs; or why there is none, as a sentence for people
 */
export async function probeSev(
  binary: string,
  signal: AbortSignal,
): Promise<SevAddressBits | string> {
  for (const device of [KVM_DEVICE, SEV_DEVICE]) {
    if (!(await isOpen(device))) return `${device} is not there, or not to be opened.`;
  }
  const commands = ["qmp_capabilities", "query-sev-capabilities", "quit"];
  const input = commands.map((execute) => `${JSON.stringify({ execute, id: execute })}\n`).join("");
  const args = ["-M", "none", "-accel", "kvm", "-nodefaults", "-no-user-config", "-S"];
  const order = { file: binary, args: [...args, "-display", "none", "-qmp", "stdio"], input };
  try {
    return capabilitiesIn(await runText(order, within(TIMEOUT_MS, signal)));
  } catch (error) {
    signal.throwIfAborted();
    return `QEMU could not be asked: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** @param said all that QEMU wrote, a JSON object a line */
export function capabilitiesIn(said: string): SevAddressBits | string {
  const lines = said.split("\n").filter((line) => line.trim() !== "");
  const answer = lines.map(objectOf).find((it) => it?.["id"] === "query-sev-capabilities");
  const refusal = asObject(answer?.["error"])?.["desc"];
  if (typeof refusal === "string") return `QEMU says: ${refusal}.`;
  const found = asObject(answer?.["return"]);
  const [cbitpos, reducedPhysBits] = [found?.["cbitpos"], found?.["reduced-phys-bits"]];
  if (typeof cbitpos === "number" && typeof reducedPhysBits === "number") {
    return { cbitpos, reducedPhysBits };
  }
  return "QEMU did not say where addresses hold the encryption bit.";
}

function objectOf(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return asObject(JSON.parse(line));
  } catch {
    return undefined; // not an answer
  }
}

async function isOpen(device: string): Promise<boolean> {
  return access(device, constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  );
}
