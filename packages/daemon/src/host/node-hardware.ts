/** What this machine's hardware is, from /proc and /sys. */

import { readFile } from "node:fs/promises";
import { arch, availableParallelism, loadavg } from "node:os";
import path from "node:path";

import type { CpuFacts, MemoryModules, NodeHardware } from "#core/aleph/ports/node-hardware.ts";
import type { HostFacts } from "#core/ports/host-facts.ts";

import { pciGpus } from "./node-gpus.ts";

export interface HardwarePlaces {
  /** `/`, but for tests */
  readonly root: string;
  /** memory, and the disk that keeps persistent volumes */
  readonly facts: HostFacts;
}

const KILO = 1000;
const MHZ = 1_000_000;

export function linuxHardware({ root, facts }: HardwarePlaces): NodeHardware {
  const textOf = (file: string) => textIfThere(path.join(root, file));
  let cpu: Promise<CpuFacts> | undefined;
  return {
    cpu: () => (cpu ??= readCpu(textOf)),
    load: () => {
      const [one = 0, five = 0, fifteen = 0] = loadavg();
      return [one, five, fifteen];
    },
    frequencies: () => frequencies(textOf),
    memory: () => facts.memory(),
    memoryModules: () => memoryModules(path.join(root, "sys/firmware/dmi/tables/DMI")),
    disk: () => facts.disk(),
    gpus: () => pciGpus(root),
  };
}

type TextOf = (file: string) => Promise<string>;

async function readCpu(textOf: TextOf): Promise<CpuFacts> {
  const cpuinfo = await textOf("proc/cpuinfo");
  const field = (name: string) =>
    new RegExp(`^${name}\\s*:\\s*(.*)$`, "m").exec(cpuinfo)?.[1]?.trim() ?? "";
  const { maxMHz } = await frequencies(textOf);
  return {
    architecture: arch() === "arm64" ? "arm64" : "x86_64",
    vendor: field("vendor_id") || "unknown",
    model: field("model name") || "unknown",
    features: await features(textOf),
    frequencyHz: Math.round(maxMHz * MHZ),
    count: availableParallelism(),
  };
}

/** What KVM says that the processor can do for guests; a guest needs the device besides. */
async function features(textOf: TextOf): Promise<CpuFacts["features"]> {
  const isOn = async (name: string) => {
    const value = await textOf(`sys/module/kvm_amd/parameters/${name}`);
    return ["Y", "1"].includes(value.trim());
  };
  const hasDevice = (await textOf("sys/class/misc/sev/dev")) !== "";
  const found: CpuFacts["features"][number][] = [];
  if (hasDevice && (await isOn("sev"))) found.push("sev");
  if (hasDevice && (await isOn("sev_es"))) found.push("sev_es");
  if (await isOn("sev_snp")) found.push("sev_snp");
  return found;
}

const CPUFREQ = "sys/devices/system/cpu/cpu0/cpufreq";

/** As the kernel may scale them; where it does not scale, as they are now. */
async function frequencies(textOf: TextOf): Promise<{ minMHz: number; maxMHz: number }> {
  const [min, max] = await Promise.all([
    textOf(`${CPUFREQ}/cpuinfo_min_freq`),
    textOf(`${CPUFREQ}/cpuinfo_max_freq`),
  ]);
  const [minMHz, maxMHz] = [Number(min) / KILO, Number(max) / KILO];
  if (minMHz > 0 && maxMHz > 0) return { minMHz, maxMHz };
  const cpuinfo = await textOf("proc/cpuinfo");
  const current = Array.from(cpuinfo.matchAll(/^cpu MHz\s*:\s*([\d.]+)$/gm), ([, mhz]) =>
    Number(mhz),
  );
  if (current.length === 0) return { minMHz: 0, maxMHz: 0 };
  return { minMHz: Math.min(...current), maxMHz: Math.max(...current) };
}

/** SMBIOS type 17, "Memory Device"; offsets and names as its specification has them */
const MEMORY_DEVICE = 17;
const TYPE_AT = 0x12;
const SPEED_AT = 0x15;
const TYPE_NAMES: Readonly<Record<number, string>> = {
  0x18: "DDR3",
  0x1a: "DDR4",
  0x1e: "LPDDR4",
  0x22: "DDR5",
  0x23: "LPDDR5",
};
const UNKNOWN_MODULES: MemoryModules = { type: "", clockHz: undefined };

/** Of the first module that says something; virtual machines and some firmware have none that does. */
async function memoryModules(file: string): Promise<MemoryModules> {
  const table = await readFile(file).catch(() => Buffer.alloc(0));
  for (const structure of structuresIn(table)) {
    if (structure[0] !== MEMORY_DEVICE || structure.length <= SPEED_AT + 1) continue;
    const type = TYPE_NAMES[structure[TYPE_AT] ?? 0];
    const speed = structure.readUInt16LE(SPEED_AT);
    if (type === undefined) continue;
    return { type, clockHz: speed === 0 || speed === 0xffff ? undefined : speed * MHZ };
  }
  return UNKNOWN_MODULES;
}

/** Each begins with its type and the length of its fixed part; after that come texts, up to two zeros. */
function* structuresIn(table: Buffer): Generator<Buffer> {
  for (let at = 0; at + 4 <= table.length;) {
    const length = table[at + 1] ?? 0;
    if (length < 4) return;
    yield table.subarray(at, at + length);
    const end = table.indexOf("\0\0", at + length, "latin1");
    if (end < 0) return;
    at = end + 2;
  }
}

async function textIfThere(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch {
    return ""; // not every kernel and every processor says everything
  }
}
