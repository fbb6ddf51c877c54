import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, test } from "node:test";

import { tempDir } from "#testing/temp-dir.ts";

import { linuxFacts } from "./linux-facts.ts";
import { linuxHardware } from "./node-hardware.ts";

const CPUINFO = `processor\t: 0
vendor_id\t: AuthenticAMD
model name\t: AMD EPYC 7763 64-Core Processor
cpu MHz\t\t: 1500.000

processor\t: 1
cpu MHz\t\t: 2445.406
`;

describe("hardware of a node", () => {
  test("processor, its frequencies and what it protects guests with", async () => {
    await using host = await aHost({
      "proc/cpuinfo": CPUINFO,
      "sys/module/kvm_amd/parameters/sev": "Y\n",
      "sys/module/kvm_amd/parameters/sev_es": "Y\n",
      "sys/module/kvm_amd/parameters/sev_snp": "N\n",
      "sys/class/misc/sev/dev": "10:124\n",
    });
    const { vendor, model, features, frequencyHz } = await host.hardware.cpu();
    assert.deepEqual(
      { vendor, model, features, frequencyHz },
      {
        vendor: "AuthenticAMD",
        model: "AMD EPYC 7763 64-Core Processor",
        features: ["sev", "sev_es"],
        frequencyHz: 2_445_406_000,
      },
    );
    assert.deepEqual(await host.hardware.frequencies(), { minMHz: 1500, maxMHz: 2445.406 });
  });

  test("what the kernel may scale goes before what it has now", async () => {
    await using host = await aHost({
      "proc/cpuinfo": CPUINFO,
      "sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_min_freq": "1500000\n",
      "sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq": "3675000\n",
    });
    assert.deepEqual(await host.hardware.frequencies(), { minMHz: 1500, maxMHz: 3675 });
    assert.deepEqual((await host.hardware.cpu()).features, []);
  });

  test("a host that says nothing has nothing to tell, and fails nobody", async () => {
    await using host = await aHost({});
    const { vendor, frequencyHz } = await host.hardware.cpu();
    assert.deepEqual([vendor, frequencyHz], ["unknown", 0]);
    assert.deepEqual(await host.hardware.memoryModules(), { type: "", clockHz: undefined });
    assert.deepEqual(await host.hardware.gpus(), []);
  });

  test("memory modules are those of the firmware's table", async () => {
    const device = Buffer.alloc(0x28);
    device.set([17, 0x28], 0);
    device[0x12] = 0x1a;
    device.writeUInt16LE(3200, 0x15);
    const other = Buffer.from([4, 4, 0, 0]);
    const texts = Buffer.from("Socket\0\0");
    const table = Buffer.concat([other, texts, device, Buffer.from("\0\0")]);
    await using host = await aHost({ "sys/firmware/dmi/tables/DMI": table });
    assert.deepEqual(await host.hardware.memoryModules(), { type: "DDR4", clockHz: 3_200_000_000 });
  });

  test("graphics processors have the names of the list, and emulated ones are not told", async () => {
    await using host = await aHost({
      ...pciDevice("0000:01:00.0", ["0x030000", "0x10de", "0x27b0"]),
      ...pciDevice("0000:02:00.0", ["0x030200", "0x10de", "0x26b9"]),
      ...pciDevice("0001:03:00.0", ["0x030000", "0x1002", "0xffff"]),
      ...pciDevice("0000:00:02.0", ["0x030000", "0x1234", "0x1111"]),
      ...pciDevice("0000:00:03.0", ["0x020000", "0x8086", "0x100e"]),
      "usr/share/misc/pci.ids": [
        "1002  Advanced Micro Devices, Inc. [AMD/ATI]",
        "\t27b0  not this one",
        "10de  NVIDIA Corporation",
        "\t26b9  AD102GL [L40S]",
        "\t\t10de 1851  L40S of a server",
        "\t27b0  AD104GL [RTX 4000 SFF Ada Generation]",
        "",
      ].join("\n"),
    });
    const gpus = await host.hardware.gpus();
    assert.deepEqual(
      gpus.map(({ pciHost, deviceClass, deviceId, deviceName }) => [
        pciHost,
        deviceClass,
        deviceId,
        deviceName,
      ]),
      [
        ["01:00.0", "0300", "10de:27b0", "AD104GL [RTX 4000 SFF Ada Generation]"],
        ["02:00.0", "0302", "10de:26b9", "AD102GL [L40S]"],
        ["0001:03:00.0", "0300", "1002:ffff", "AMD ffff"],
      ],
    );
  });

  test("this machine has processors, memory and a disk", async () => {
    const hardware = linuxHardware({ root: "/", facts: linuxFacts("/tmp") });
    const [cpu, memory, disk] = await Promise.all([
      hardware.cpu(),
      hardware.memory(),
      hardware.disk(),
    ]);
    assert.ok(cpu.count > 0 && cpu.vendor !== "" && memory.totalBytes > 0 && disk.totalBytes > 0);
  });
});

function pciDevice(address: string, ids: readonly [string, string, string]) {
  const [pciClass, vendor, device] = ids;
  const directory = `sys/bus/pci/devices/${address}`;
  return {
    [`${directory}/class`]: `${pciClass}\n`,
    [`${directory}/vendor`]: `${vendor}\n`,
    [`${directory}/device`]: `${device}\n`,
  };
}

async function aHost(files: Readonly<Record<string, string | Buffer>>) {
  const directory = await tempDir();
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(directory.path, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, content);
  }
  const hardware = linuxHardware({ root: directory.path, facts: linuxFacts("/tmp") });
  return { hardware, [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose]() };
}
