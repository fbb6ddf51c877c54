/**
 * The host answers for IPv6 addresses of VMs on the device that leads to the world, so that they may be in the
 * network that the host itself is in there (what ndppd does).
 */

import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";

import { runText } from "#process/run.ts";

import { defaultDevice } from "./presence.ts";
import { ipBatch, ipBatchForced } from "./tools.ts";

const SETTINGS = "/proc/sys/net/ipv6/conf";
const TIMEOUT_MS = 10_000;

export class NeighbourProxy {
  readonly #external: string | undefined;

  /** @param external `undefined` is the device of the default route, as it is then */
  constructor(external: string | undefined) {
    this.#external = external;
  }

  /** Does nothing where no device leads to the world over IPv6, or where nobody may switch it on, as in some containers. */
  async add(address: string, signal: AbortSignal): Promise<void> {
    const device = this.#external ?? defaultDevice("IPv6");
    if (device === undefined || !(await switchOn(device))) return;
    await ipBatch([`neigh replace proxy ${address} dev ${device}`], signal);
  }

  /** Ends it on every device; harmless when there is nothing. */
  async remove(addresses: readonly string[], signal: AbortSignal): Promise<void> {
    if (addresses.length === 0) return;
    const mine = new Set(addresses);
    const lines = (await proxied(signal))
      .filter(({ address }) => mine.has(address))
      .map(({ address, device }) => `neigh del proxy ${address} dev ${device}`);
    if (lines.length > 0) await ipBatchForced(lines, signal);
  }
}

/** @returns whether it is on now */
async function switchOn(device: string): Promise<boolean> {
  const setting = path.join(SETTINGS, device, "proxy_ndp");
  try {
    const isOn = (await readFile(setting, "utf8")).trim() === "1";
    if (!isOn) await writeFile(setting, "1", { flag: "r+" });
    return true;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "EROFS" || code === "EACCES") return false;
    throw error;
  }
}

interface Proxied {
  readonly address: string;
  readonly device: string;
}

async function proxied(signal: AbortSignal): Promise<readonly Proxied[]> {
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
  const args = ["-6", "neigh", "show", "proxy"];
  const text = await runText({ file: "ip", args }, deadline);
  return [...text.matchAll(/^(\S+) dev (\S+)/gm)].map(([, address = "", device = ""]) => ({
    address,
    device,
  }));
}
