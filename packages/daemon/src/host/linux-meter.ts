/** Load, open files, connections and traffic of this machine, from /proc and /sys. */

import { readFile } from "node:fs/promises";
import { loadavg } from "node:os";
import path from "node:path";

import type { Egress, HostMeter } from "#core/ports/host-meter.ts";

const ADAPTERS = "/sys/class/net";
/** of a route in the kernel's table: it is in use */
const ROUTE_IS_UP = 1;

/** @param adapter the one that leads out of this host; `undefined`: that of the default route */
export function linuxMeter(adapter: string | undefined): HostMeter {
  return {
    async read() {
      const [files, snmp, egress] = await Promise.all([
        readFile("/proc/sys/fs/file-nr", "utf8"),
        readFile("/proc/net/snmp", "utf8"),
        egressOf(adapter ?? (await defaultAdapter())),
      ]);
      const [one = 0, five = 0, fifteen = 0] = loadavg();
      return {
        loadAverages: [one, five, fifteen],
        openFiles: Number.parseInt(files, 10),
        openConnections: establishedIn(snmp),
        egress,
      };
    },
  };
}

/** The adapter of the default route with the lowest metric, of the kernel's table as text. */
export function defaultAdapterIn(routes: string): string | undefined {
  const found = routes
    .split("\n")
    .slice(1)
    .map((line) => line.split(/\s+/))
    .filter(([, destination, , flags, , , , mask]) => {
      const isUp = (Number.parseInt(flags ?? "", 16) & ROUTE_IS_UP) !== 0;
      return isUp && destination === "00000000" && mask === "00000000";
    })
    .toSorted((a, b) => Number(a[6]) - Number(b[6]));
  return found[0]?.[0];
}

/** TCP connections of IPv4 and IPv6 together; the first line of a pair names the numbers of the second. */
export function establishedIn(snmp: string): number {
  const [names = [], numbers = []] = snmp
    .split("\n")
    .filter((line) => line.startsWith("Tcp:"))
    .map((line) => line.split(" "));
  return Number(numbers[names.indexOf("CurrEstab")] ?? 0);
}

async function defaultAdapter(): Promise<string | undefined> {
  return defaultAdapterIn(await readFile("/proc/net/route", "utf8"));
}

async function egressOf(adapter: string | undefined): Promise<Egress | undefined> {
  if (adapter === undefined) return undefined;
  const count = async (name: string) =>
    Number(await readFile(path.join(ADAPTERS, adapter, "statistics", name), "utf8"));
  try {
    return {
      adapter,
      sentBytes: await count("tx_bytes"),
      receivedBytes: await count("rx_bytes"),
    };
  } catch {
    return undefined; // adapters come and go
  }
}
