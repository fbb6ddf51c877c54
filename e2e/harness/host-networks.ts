/** What a daemon has made of networks on this host: told from all others by its runtime directory. */

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";

/** devices, namespaces and tables of the packet filter, by name */
export function networksOf(runtime: string): readonly string[] {
  const tag = createHash("sha256").update(runtime).digest("hex").slice(0, 6);
  const devices = namesIn("/sys/class/net").filter((name) =>
    markOf(name).startsWith(`alcove:${tag}:`),
  );
  const namespaces = namesIn("/run/netns").filter((name) => name.startsWith(`alcove-${tag}-`));
  return [...devices, ...namespaces, ...tables().filter((it) => it.endsWith(` alcove_net_${tag}`))];
}

/** What a host does that loses its power: nothing of it is left. */
export function removeNetworksOf(runtime: string): void {
  for (const name of networksOf(runtime)) {
    const [what, family, table] = name.split(" ");
    if (table !== undefined) spawnSync("nft", ["delete", "table", String(family), table]);
    else if (name.startsWith("alcove-")) spawnSync("ip", ["netns", "del", name]);
    else spawnSync("ip", ["link", "del", String(what)]);
  }
}

/** nothing where there is no nft, or no right to ask it: then no daemon could make a table either */
function tables(): readonly string[] {
  return (spawnSync("nft", ["list", "tables"], { encoding: "utf8" }).stdout ?? "").split("\n");
}

function markOf(device: string): string {
  try {
    return readFileSync(`/sys/class/net/${device}/ifalias`, "utf8");
  } catch {
    return ""; // it has just gone
  }
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return []; // nobody has made any
  }
}
