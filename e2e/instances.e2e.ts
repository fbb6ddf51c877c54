/** Instances of the core on real guests: their disks outlive machines, VMs and daemons; others' disks boot by themselves. */

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";

import { openCore } from "../packages/daemon/src/compose/core.ts";
import { readConfig } from "../packages/daemon/src/config/config.ts";
import { hostLabelOf, parseItemHash } from "../packages/daemon/src/core/aleph/item-hash.ts";
import { VmMachineRoom } from "../packages/daemon/src/core/aleph/machines/machine-room.ts";
import type { InstanceOrder } from "../packages/daemon/src/core/aleph/ports/machine-room.ts";
import { InstanceDiskFiles } from "../packages/daemon/src/images/instance-disks.ts";
import { RememberingLog } from "../packages/daemon/src/testing/remembering-log.ts";
import { HostDirs } from "./harness/host-dirs.ts";
import { until } from "./harness/until.ts";
import { bootableDisk } from "./parts/bootable-disk.ts";
import { AGENT, image, ROOT, STORE } from "./parts/qemu-machines.ts";

const never = new AbortController().signal;
const READY_MS = 60_000;
const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ owner@example";

const dirs = await HostDirs.make();

function hashOf(digit: string) {
  const hash = parseItemHash(digit.repeat(64));
  assert.ok(hash);
  return hash;
}

function anOrder(digit: string, vmId: number, different: Partial<InstanceOrder>): InstanceOrder {
  const vmHash = hashOf(digit);
  return {
    vmHash,
    owner: "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
    hostname: hostLabelOf(vmHash),
    vcpus: 1,
    memoryMiB: 256,
    sshKeys: [KEY],
    root: { parentPath: image.rootfs.path, parentRef: hashOf("e"), sizeMiB: 5000 },
    volumes: [
      { kind: "persistent", name: "data", mount: "/opt/data", sizeMiB: 64, parentPath: undefined },
    ],
    network: {
      vmId,
      tap: `h5tap${vmId}`,
      ipv4: { network: `172.31.${vmId}.0/24`, host: `172.31.${vmId}.1`, guest: `172.31.${vmId}.2` },
      ipv6: {
        network: `fd31:2:3:${vmId}::/124`,
        host: `fd31:2:3:${vmId}::`,
        guest: `fd31:2:3:${vmId}::1`,
      },
      internet: true,
      dns: [],
    },
    gpus: [],
    confidential: undefined,
    ...different,
  };
}

/** A daemon's core with a room for instances. */
async function openRoom() {
  const env = {
    HOME: dirs.root,
    ALCOVE_STATE_DIR: dirs.state,
    ALCOVE_RUNTIME_DIR: dirs.runtime,
    ALCOVE_LISTEN_PORT: "0",
    ALCOVE_TEMPLATES: "off",
    ALCOVE_DISK_RESERVE_MIB: "0",
  };
  const core = await openCore(readConfig(env, 0), new RememberingLog(), never);
  const { vms, images, redirects } = core;
  const disks = new InstanceDiskFiles({ root: dirs.scratch });
  const parts = { vms, disks, redirects, images, confidential: undefined, kernelImage: "base" };
  const room = new VmMachineRoom({ ...parts, log: new RememberingLog() });
  const run = async ({ hostname }: InstanceOrder, script: string): Promise<string> => {
    const contact = vms.find(hostname)?.contact;
    assert.ok(contact, "it has no machine");
    const link = await contact.link(AbortSignal.timeout(READY_MS));
    const process = await link.exec(
      {
        program: { kind: "argv", argv: ["/bin/sh", "-c", script] },
        env: [],
        cwd: "/",
        user: { uid: 0, gid: 0 },
        stdin: false,
        stdout: true,
        stderr: true,
        pty: undefined,
      },
      never,
    );
    let text = "";
    for await (const { bytes } of process.output) text += Buffer.from(bytes).toString();
    return text.trim();
  };
  return { core, room, run, disks };
}

const home = (order: InstanceOrder) => path.join(dirs.scratch, "volumes/persistent", order.vmHash);

test("a plain file system: our kernel, our agent, a volume, and disks that outlive all but their removal", async () => {
  const order = anOrder("a", 201, {});
  const { vmHash } = order;
  const first = await openRoom();
  await first.room.prepare(order, never);
  assert.equal(first.room.phaseOf(vmHash)?.phase, "created");
  await first.room.start(vmHash, undefined, never);

  assert.equal(await first.run(order, "hostname"), order.hostname);
  assert.match(await first.run(order, "cat /root/.ssh/authorized_keys"), /owner@example/);
  assert.match(await first.run(order, "ip -4 -o addr show eth0"), /172\.31\.201\.2\/24/);
  assert.match(await first.run(order, "grep /opt/data /proc/mounts"), /ext4 rw/);
  assert.match(await first.run(order, "cat /sys/block/vd*/serial"), /^vol0\s*cidata$/);
  const sizeMiB = await first.run(order, "df -BM --output=size / | tail -1 | tr -dc 0-9");
  assert.ok(Number(sizeMiB) > 4500, `the root has ${sizeMiB} MiB`);
  await first.run(order, "echo one > /opt/data/kept; echo two > /root/kept; sync");
  await first.core[Symbol.asyncDispose](); // as when the daemon dies: the machine stays

  const second = await openRoom();
  assert.equal(second.room.phaseOf(vmHash)?.phase, "running");
  assert.deepEqual(second.core.vms.list(), []);
  assert.equal(await second.run(order, "cat /opt/data/kept /root/kept"), "one\ntwo");
  await second.room.stop(vmHash, never);
  assert.equal(second.room.phaseOf(vmHash)?.phase, "stopped");
  await second.room.remove(vmHash, "keep", never);
  assert.deepEqual(second.room.hashes(), []);
  assert.ok(existsSync(path.join(home(order), "data.ext4")));

  await second.room.prepare(order, never);
  await second.room.start(vmHash, undefined, never);
  assert.equal(await second.run(order, "cat /opt/data/kept /root/kept"), "one\ntwo");

  await second.room.stop(vmHash, never);
  await second.room.reinstall(vmHash, "keep", never);
  await second.room.start(vmHash, undefined, never);
  assert.equal(
    await second.run(order, "cat /opt/data/kept; test -e /root/kept || echo new"),
    "one\nnew",
  );

  await second.room.stop(vmHash, never);
  await second.room.reinstall(vmHash, "remove", never);
  await second.room.start(vmHash, undefined, never);
  assert.equal(
    await second.run(order, "grep -q /opt/data /proc/mounts && ls /opt/data"),
    "lost+found",
  );
  assert.ok((await second.disks.usedBytes(vmHash)) > 0);

  await second.room.remove(vmHash, "remove", never);
  assert.equal(existsSync(home(order)), false);
  assert.deepEqual(second.room.hashes(), []);
  await second.core[Symbol.asyncDispose]();
});

test("a disk with partitions boots by itself, hears the power button, and is gone when it is removed", async () => {
  const parent = await bootableDisk({
    directory: path.join(dirs.scratch, "disk"),
    image,
    storeRoot: STORE,
    recipesDir: path.join(ROOT, "images"),
    agentPath: AGENT,
    init: "quiet",
  });
  const order = anOrder("b", 202, {
    root: { parentPath: parent, parentRef: hashOf("d"), sizeMiB: 1024 },
  });
  const { core, room } = await openRoom();
  await room.prepare(order, never);
  await room.start(order.vmHash, undefined, never);
  const vm = core.vms.find(order.hostname);
  assert.ok(vm);
  const log = core.disks.consoleLogPath(vm.record.id);
  await until("the guest waits", () => readFileSync(log, "utf8").includes("quiet guest: waits"));
  assert.equal(room.phaseOf(order.vmHash)?.phase, "running");

  await room.stop(order.vmHash, never);

  assert.match(readFileSync(log, "utf8"), /the power button was pressed/);
  assert.equal(room.phaseOf(order.vmHash)?.phase, "stopped");
  await room.remove(order.vmHash, "remove", never);
  assert.deepEqual(readdirSync(path.join(dirs.scratch, "volumes/persistent")), []);
  assert.deepEqual(dirs.machines(), []);
  await core[Symbol.asyncDispose]();
  await dirs.remove();
});
