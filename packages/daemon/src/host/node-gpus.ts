/** Graphics processors on the PCI bus, with the names that the system's list of PCI ids has for them. */

import { readdir, readFile } from "node:fs/promises";
import path from "node:path";

import type { HostGpu } from "#core/aleph/ports/node-hardware.ts";

const DEVICES = "sys/bus/pci/devices";
/** where Debian has the list (package pci.ids), and others do */
const ID_LISTS = ["usr/share/misc/pci.ids", "usr/share/hwdata/pci.ids"];

/** the makers of what is passed through to guests; the list of ids need not be installed */
const VENDORS: Readonly<Record<string, string>> = {
  "10de": "NVIDIA",
  "1002": "AMD",
  "8086": "Intel",
};

/** class and subclass: VGA controller, 3D controller */
const CLASSES: Readonly<Record<string, HostGpu["deviceClass"]>> = {
  "0x0300": "0300",
  "0x0302": "0302",
};

/** Of emulated ones, which hypervisors make, none is told: what is passed through has a known maker. */
export async function pciGpus(root: string): Promise<readonly HostGpu[]> {
  const directory = path.join(root, DEVICES);
  const addresses = await readdir(directory).catch(() => []);
  const inOrder = addresses.toSorted((one, other) => one.localeCompare(other));
  const found = await Promise.all(inOrder.map((address) => gpuAt(root, address)));
  return found.filter((gpu) => gpu !== undefined);
}

async function gpuAt(root: string, address: string): Promise<HostGpu | undefined> {
  const read = async (name: string) =>
    (await readFile(path.join(root, DEVICES, address, name), "utf8").catch(() => "")).trim();
  const [pciClass, vendorId, deviceId] = await Promise.all(["class", "vendor", "device"].map(read));
  const deviceClass = CLASSES[pciClass?.slice(0, 6) ?? ""];
  const [vendor = "", device = ""] = [vendorId?.slice(2), deviceId?.slice(2)];
  const maker = VENDORS[vendor];
  if (deviceClass === undefined || maker === undefined) return undefined;
  return {
    vendor: maker,
    deviceName: (await nameOf(root, vendor, device)) ?? `${maker} ${device}`,
    deviceClass,
    pciHost: address.replace(/^0000:/, ""),
    deviceId: `${vendor}:${device}`,
  };
}

/** The list: a line for each vendor, and below it, after a tab, one for each of its devices. */
async function nameOf(root: string, vendor: string, device: string): Promise<string | undefined> {
  for (const file of ID_LISTS) {
    const text = await readFile(path.join(root, file), "utf8").catch(() => "");
    const block = new RegExp(`^${vendor}  .*\n((?:[\t#].*\n)*)`, "m").exec(text)?.[1] ?? "";
    const name = new RegExp(`^\t${device}  (.*)$`, "m").exec(block)?.[1];
    if (name !== undefined) return name.trim();
  }
  return undefined;
}
