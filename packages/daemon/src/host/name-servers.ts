/** The name servers that this machine asks, as far as its guests can ask them, too. */

import { readFile } from "node:fs/promises";
import { isIP } from "node:net";

/** The second has the servers behind systemd-resolved, which itself listens on the loopback. */
const FILES = ["/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"];

/** as many as the C library asks */
const MAX_SERVERS = 3;
/** more is no list of name servers */
const MAX_CHARS = 65_536;

/** @returns addresses, in the order in which they are asked; none where only the machine itself can ask them */
export async function hostNameServers(
  files: readonly string[] = FILES,
): Promise<readonly string[]> {
  for (const file of files) {
    const servers = serversIn(await textOf(file));
    if (servers.length > 0) return servers.slice(0, MAX_SERVERS);
  }
  return [];
}

function serversIn(text: string): readonly string[] {
  const named = [...text.matchAll(/^\s*nameserver\s+(\S+)/gm)].map(([, address = ""]) => address);
  return [...new Set(named.filter(isForOthers))];
}

function isForOthers(address: string): boolean {
  return isIP(address) !== 0 && !/^(?:127\.|0\.|::1?$|fe[89ab][0-9a-f]:)/i.test(address);
}

async function textOf(file: string): Promise<string> {
  try {
    return (await readFile(file, "utf8")).slice(0, MAX_CHARS);
  } catch {
    return ""; // a machine need not have it
  }
}
