import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { test } from "node:test";

import { hostLabelOf, type ItemHash, parseItemHash } from "#core/aleph/item-hash.ts";
import type { InstanceOrder } from "#core/aleph/ports/machine-room.ts";
import { Refusal } from "#core/aleph/refusal.ts";
import { MIB } from "#lib/bytes.ts";
import { never } from "#testing/fake-host.ts";
import { tempDir } from "#testing/temp-dir.ts";

import { backingFileOf } from "./disk-users.ts";
import { InstanceDiskFiles } from "./instance-disks.ts";

function hashOf(digit: string): ItemHash {
  const hash = parseItemHash(digit.repeat(64));
  assert.ok(hash);
  return hash;
}

const HASH = hashOf("a");
const OTHER = hashOf("b");

function anOrder(parentPath: string, different: Partial<InstanceOrder> = {}): InstanceOrder {
  return {
    vmHash: HASH,
    owner: "0x1",
    hostname: hostLabelOf(HASH),
    vcpus: 1,
    memoryMiB: 256,
    sshKeys: ["ssh-ed25519 AAAA me"],
    root: { parentPath, parentRef: hashOf("b"), sizeMiB: 16 },
    volumes: [
      { kind: "persistent", name: "data", mount: "/mnt/data", sizeMiB: 8, parentPath: undefined },
    ],
    network: {
      vmId: 4,
      tap: "vmtap4",
      ipv4: { network: "172.16.4.0/24", host: "172.16.4.1", guest: "172.16.4.2" },
      ipv6: { network: "fc00::/124", host: "fc00::", guest: "fc00::1" },
      internet: true,
      dns: ["9.9.9.9"],
    },
    gpus: [],
    confidential: undefined,
    ...different,
  };
}

async function aStage() {
  const directory = await tempDir();
  const plain = path.join(directory.path, "plain.ext4");
  writeFileSync(plain, Buffer.alloc(4 * MIB));
  execFileSync("mkfs.ext4", ["-q", "-F", plain]);
  const disk = path.join(directory.path, "disk.raw");
  const sector = Buffer.alloc(MIB);
  sector.writeUInt16BE(0x55aa, 510);
  writeFileSync(disk, sector);
  const disks = new InstanceDiskFiles({ root: directory.path });
  const home = path.join(directory.path, "volumes/persistent", HASH);
  const end = () => directory[Symbol.asyncDispose]();
  return { plain, disk, disks, home, [Symbol.asyncDispose]: end };
}

test("instance disks: an overlay on the parent, an ext4 volume and a seed, in the VM's own directory", async () => {
  await using stage = await aStage();
  const { root, volumes, isNew } = await stage.disks.make(anOrder(stage.plain), never);

  assert.deepEqual([isNew, root.boot, root.sizeBytes], [true, "kernel", 16 * MIB]);
  assert.equal(await backingFileOf(root.path), root.parent.path);
  assert.deepEqual(
    volumes.map(({ serial, mount, readOnly }) => [serial, mount, readOnly]),
    [
      ["vol0", "/mnt/data", false],
      ["cidata", undefined, true],
    ],
  );
  const volume = readFileSync(path.join(stage.home, "data.ext4"));
  assert.deepEqual([volume.length, volume.readUInt16LE(1080)], [8 * MIB, 0xef53]);
  const seed = readFileSync(path.join(stage.home, "seed.iso"), "utf8");
  assert.match(seed, /"iid-instance-4"/);
  assert.match(seed, /\/dev\/disk\/by-id\/virtio-vol0/);
  assert.match(seed, /"172\.16\.4\.2\/24"/);
  assert.ok((await stage.disks.usedBytes(HASH)) > 0);
});

test("instance disks: what is there is taken as it is; the parent stays when its name becomes another file's", async () => {
  await using stage = await aStage();
  const { root } = await stage.disks.make(anOrder(stage.plain), never);
  const overlay = readFileSync(root.path);
  overlay.writeUInt8(7, overlay.length - 1);
  writeFileSync(root.path, overlay);
  const before = statSync(root.parent.path).ino;
  writeFileSync(`${stage.plain}.new`, "newer");
  renameSync(`${stage.plain}.new`, stage.plain);

  const again = await stage.disks.make(anOrder(stage.plain), never);

  assert.equal(again.isNew, false);
  assert.deepEqual(again.root, root);
  assert.deepEqual(readFileSync(root.path), overlay);
  assert.equal(statSync(root.parent.path).ino, before);
});

test("instance disks: a disk that is no file system boots by itself; qcow2 is looked into", async () => {
  await using stage = await aStage();
  const raw = await stage.disks.make(anOrder(stage.disk), never);
  assert.deepEqual([raw.root.boot, raw.root.parent.format], ["firmware", "raw"]);
  await stage.disks.remove(HASH);
  const qcow2 = `${stage.plain}.qcow2`;
  execFileSync("qemu-img", ["convert", "-O", "qcow2", stage.plain, qcow2]);

  const { root } = await stage.disks.make(anOrder(qcow2), never);

  assert.deepEqual([root.boot, root.parent.format], ["kernel", "qcow2"]);
});

test("instance disks: a parent that leans on another file, or a name that leads elsewhere, leaves nothing", async () => {
  await using stage = await aStage();
  const leaning = `${stage.plain}.qcow2`;
  const args = ["create", "-q", "-f", "qcow2", "-F", "raw", "-b", stage.plain, leaning];
  execFileSync("qemu-img", args);
  const volume = { kind: "persistent", mount: "/m", sizeMiB: 8, parentPath: undefined } as const;
  const away = anOrder(stage.plain, { volumes: [{ ...volume, name: "../away" }] });

  for (const order of [anOrder(leaning), away]) {
    await assert.rejects(stage.disks.make(order, never), (error) => {
      assert.ok(Refusal.is(error, "bad request"));
      assert.doesNotMatch(error.message, /volumes\/persistent/);
      return true;
    });
  }
  assert.equal(existsSync(stage.home), false);
});

test("instance disks: a new root keeps the volumes, or not; removal leaves nothing", async () => {
  await using stage = await aStage();
  const set = await stage.disks.make(anOrder(stage.plain), never);
  const volume = path.join(stage.home, "data.ext4");
  const fresh = readFileSync(set.root.path);
  writeFileSync(set.root.path, "written to");
  const marked = readFileSync(volume);
  marked.write("mine", 5 * MIB);
  writeFileSync(volume, marked);

  await stage.disks.renew(set, "keep", never);
  assert.deepEqual(readFileSync(set.root.path), fresh);
  assert.deepEqual(readFileSync(volume), marked);

  await stage.disks.renew(set, "remove", never);
  assert.equal(readFileSync(volume).includes("mine"), false);
  assert.equal(statSync(volume).size, 8 * MIB);
  await stage.disks.remove(HASH);
  assert.deepEqual(readdirSync(path.dirname(stage.home)), []);
});

test("instance disks: a volume with a parent begins with what the parent holds", async () => {
  await using stage = await aStage();
  const volume = { kind: "persistent", name: "v", mount: "/v", sizeMiB: 8 } as const;
  const order = anOrder(stage.plain, { volumes: [{ ...volume, parentPath: stage.plain }] });

  const set = await stage.disks.make(order, never);

  const [made] = set.volumes;
  assert.ok(made);
  const kept = `${made.path}.parent`;
  assert.deepEqual([made.format, made.parent?.path], ["qcow2", kept]);
  assert.equal(await backingFileOf(made.path), kept);
  writeFileSync(made.path, Buffer.concat([readFileSync(made.path), Buffer.from("more")]));
  await stage.disks.renew(set, "remove", never);
  assert.equal(readFileSync(made.path).includes("more"), false);
});

test("instance disks: what is given on another file system is copied once, and kept as long as disks stand on it", async () => {
  await using stage = await aStage();
  await using elsewhere = await tempDir("/dev/shm");
  const copies = path.join(elsewhere.path, "volumes/parents");
  const disks = new InstanceDiskFiles({ root: elsewhere.path });
  const given = readFileSync(stage.plain);
  const { root } = await disks.make(anOrder(stage.plain), never);
  assert.notEqual(statSync(root.parent.path).dev, statSync(stage.plain).dev);
  const other = await disks.make({ ...anOrder(stage.plain), vmHash: OTHER }, never);
  assert.equal(statSync(other.root.parent.path).ino, statSync(root.parent.path).ino);

  writeFileSync(stage.plain, Buffer.concat([given, Buffer.alloc(MIB)]));
  assert.deepEqual(
    readFileSync((await disks.make(anOrder(stage.plain), never)).root.parent.path),
    given,
  );
  await disks.remove(HASH);
  await disks.make(anOrder(stage.plain), never);
  assert.equal(
    readdirSync(copies).length,
    2,
    "of the one that was given first, and of the newer one",
  );
  await disks.remove(HASH);
  assert.equal(readdirSync(copies).length, 1);
  await disks.remove(OTHER);
  assert.deepEqual(readdirSync(copies), []);
});

test("instance disks: a parent that an earlier daemon kept and made no disk on is not taken for the newer one", async () => {
  await using stage = await aStage();
  const { root } = await stage.disks.make(anOrder(stage.plain), never);
  rmSync(root.path);
  const newer = `${stage.plain}.new`;
  copyFileSync(stage.plain, newer);
  const again = await stage.disks.make(anOrder(newer), never);
  assert.equal(statSync(again.root.parent.path).ino, statSync(newer).ino);
});

test("instance disks: no two disks of a VM are one file", async () => {
  await using stage = await aStage();
  const volume = { kind: "persistent", mount: "/v", sizeMiB: 8 } as const;
  const both = (...names: readonly string[]) =>
    anOrder(stage.plain, {
      volumes: names.map((name) => ({ ...volume, name, parentPath: stage.plain })),
    });
  await assert.rejects(stage.disks.make(both("v", "v"), never), /Two volumes are named "v"/);
  await assert.rejects(stage.disks.make(both("rootfs"), never), /"rootfs" is no volume name/);
  assert.equal(existsSync(stage.home), false);
});

test("instance disks: a root that is fresh begins from its parent each time, and from a newer one when there is one", async () => {
  await using stage = await aStage();
  const order = anOrder(stage.plain);
  const fresh = { ...order, root: { ...order.root, fresh: true } } as const;
  const { root } = await stage.disks.make(fresh, never);
  const begun = readFileSync(root.path);
  writeFileSync(root.path, "what the guest wrote");
  await stage.disks.make(fresh, never);
  assert.deepEqual(readFileSync(root.path), begun);
  const newer = `${stage.plain}.newer`;
  copyFileSync(stage.plain, newer);
  const next = await stage.disks.make(
    { ...fresh, root: { ...fresh.root, parentPath: newer } },
    never,
  );
  assert.equal(statSync(next.root.parent.path).ino, statSync(newer).ino);
});
