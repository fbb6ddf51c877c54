/**
 * Switches forwarding on, of IPv4 and of IPv6. It stays on afterwards: nobody can tell who else relies on it by then.
 *
 * IPv6 needs some care. The kernel forwards between devices only where it is on for all of them. But a device that forwards takes
 * itself for a router's, and a router does not listen to other routers: the host would lose addresses and
 * default routes that were advertised to it. So each device that listens is told before to listen
 * nevertheless (accept_ra 2), which makes the kernel keep what it has learned, too.
 */

import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";

const IPV4 = "/proc/sys/net/ipv4/ip_forward";
const SETTINGS = "/proc/sys/net/ipv6/conf";

/** those that are no device to listen on */
const SCOPES: ReadonlySet<string> = new Set(["all", "default", "lo"]);

export async function forwardIpv4(): Promise<void> {
  const isOn = (await readFile(IPV4, "utf8")).trim() === "1";
  if (!isOn) await writeFile(IPV4, "1"); // only then: in a container it may be on and read-only
}

/** Where it may not be changed, as in some containers, it stays as it is. */
export async function forwardIpv6(
  isOurs: (device: string) => Promise<boolean>,
  settings = SETTINGS,
): Promise<void> {
  if ((await valueOf(settings, "all", "forwarding")) !== "0") return;
  for (const device of await readdir(settings)) {
    if (SCOPES.has(device) || !(await listens(settings, device)) || (await isOurs(device)))
      continue;
    if (!(await change(path.join(settings, device, "accept_ra"), "2"))) return;
  }
  await change(path.join(settings, "all", "forwarding"), "1");
}

async function listens(settings: string, device: string): Promise<boolean> {
  const [forwarding, acceptRa] = await Promise.all(
    ["forwarding", "accept_ra"].map((name) => valueOf(settings, device, name)),
  );
  return forwarding === "0" && acceptRa === "1";
}

/** @returns `undefined` when there is no such device, or no longer */
async function valueOf(settings: string, device: string, name: string) {
  try {
    return (await readFile(path.join(settings, device, name), "utf8")).trim();
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** @returns false when nobody may change anything here */
async function change(file: string, value: string): Promise<boolean> {
  try {
    await writeFile(file, value, { flag: "r+" });
    return true;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return true; // the device has just gone
    if (codeOf(error) === "EROFS" || codeOf(error) === "EACCES") return false;
    throw error;
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
