/**
 * Root disks of real guests: as large as the group says, given back as they are emptied, and a host that is full.
 *
 * The host of the second suite has a small file system of its own, which takes root to mount.
 */

import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after } from "node:test";

import { sh } from "./harness/exec.ts";
import { alcoveImage } from "./harness/image-tool.ts";
import { asObject } from "./harness/json-value.ts";
import { suite, type TestHost } from "./harness/test-host.ts";
import { until } from "./harness/until.ts";

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

const directory = mkdtempSync(path.join(tmpdir(), "alcove-disks-"));
after(() => rmSync(directory, { recursive: true }));

function configuration(name: string, storageSize: string): string {
  const file = path.join(directory, name);
  writeFileSync(
    file,
    `config:
  api: { auth: { enabled: true } }
  host_groups:
    - { name: sbox, count: 0, vcpu: 1, ram_mb: 512, storage: image, storage_size: ${storageSize} }
`,
  );
  return file;
}

const FROM_FILE = { ALCOVE_GROUP_VCPUS: "", ALCOVE_GROUP_MEMORY_MIB: "" };

/** what VMs' disks occupy on the host, in bytes */
function occupiedBytes(host: TestHost): number {
  const homes = host.dirs.vmDirs().map((vm) => path.join(host.dirs.state, "vms", vm));
  const files = homes.flatMap((home) => readdirSync(home).map((name) => path.join(home, name)));
  const disks = files.filter((file) => file.endsWith(".qcow2"));
  return disks.reduce((sum, file) => sum + statSync(file).blocks * 512, 0);
}

async function rootBytes(host: TestHost, vm: string): Promise<number> {
  return Number(await sh(host.api, vm, "df --block-size=1 --output=size / | tail -1"));
}

suite(
  "disks",
  { ...FROM_FILE, ALCOVE_CONFIG: configuration("large.yaml", "12G") },
  (host, story) => {
    for (const image of ["base", "systemd"]) {
      story(`${image}: the root is as large as the group says before userdata begins`, async () => {
        await alcoveImage("build", image);
        const userdata = "#!/bin/sh\ndf --block-size=1 --output=size / | tail -1 > /root/seen\n";
        const vm = await host.createVm(
          { disk_image: image, userdata },
          { query: { wait: "userdata", timeout: "3m0s" } },
        );
        const seen = Number(await sh(host.api, vm, "cat /root/seen"));
        assert.ok(seen > 11.5 * GIB && seen < 12 * GIB, `${seen}`);
        const stats = asObject((await host.api.get(`/node/${vm}/stats`)).json);
        const { diskSpaceTotal: total } = asObject(stats["snapshot"]);
        assert.equal(total, await rootBytes(host, vm));
        assert.ok(occupiedBytes(host) < 64 * MIB, "a larger disk costs nothing before it is used");
        const end = "head -c 10M /dev/urandom > /root/x && sync && cmp -n 10485760 /root/x /root/x";
        await sh(host.api, vm, end);
        await host.deleteVm(vm);
      });
    }

    story("what a guest deletes is the host's again, by itself", async () => {
      const vm = await host.createVm();
      const before = occupiedBytes(host);
      await sh(host.api, vm, "head -c 200M /dev/urandom > /root/big && sync");
      const full = occupiedBytes(host);
      assert.ok(full > before + 195 * MIB, `${full - before}`);
      await sh(host.api, vm, "rm /root/big && sync");
      await until("the host has its space back", () => occupiedBytes(host) < before + 16 * MIB);
      await host.deleteVm(vm);
    });
  },
);

suite(
  "disks that are too small",
  { ...FROM_FILE, ALCOVE_CONFIG: configuration("small.yaml", "5G") },
  (host, story) => {
    story(
      "a group whose disks cannot hold its image does not come up, and why is said",
      async () => {
        await host.daemon.stop();
        const config = configuration("tiny.yaml", "1G");
        await assert.rejects(
          host.start({ ALCOVE_CONFIG: config }),
          /Host group sbox: storage_size: is 1 GiB, and the disk of image base has 4 GiB: a root disk cannot be smaller/,
        );
        await host.start();
      },
    );
  },
);
