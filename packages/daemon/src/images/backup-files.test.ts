import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { open, readdir, readFile, stat, truncate, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, test } from "node:test";

import { type ItemHash, parseItemHash } from "#core/aleph/item-hash.ts";
import type { BackupWork, IncomingDisk, SourceDisk } from "#core/aleph/ports/backup-store.ts";
import { Refusal } from "#core/aleph/refusal.ts";
import { GIB, KIB, MIB } from "#lib/bytes.ts";
import { run, runText } from "#process/run.ts";
import { tempDir } from "#testing/temp-dir.ts";

import { BackupFiles } from "./backup-files.ts";

const never = new AbortController().signal;
const AT = new Date("2026-11-22T04:05:06Z");
const DISK_BYTES = 8 * MIB;

describe("backups as files", { timeout: 60_000 }, () => {
  test("a tar has the disks whole, with checksum and sizes, and only it says that all is there", async () => {
    await using scene = await aScene();
    const held: string[] = [];
    await scene.store.make({ ...scene.work, hold: holding(held) }, never);
    const [backup] = await scene.store.list();
    const { id } = scene.work;
    const names = [`${id}.tar`, `${id}.tar.meta.json`, `${id}.tar.sha256`];
    assert.deepEqual((await readdir(scene.backups)).toSorted(), names);
    const tar = path.join(scene.backups, `${id}.tar`);
    const sha256 = createHash("sha256")
      .update(await readFile(tar))
      .digest("hex");
    assert.equal(await readFile(`${tar}.sha256`, "utf8"), `${sha256}  ${id}.tar\n`);
    assert.deepEqual(backup, {
      id,
      vmHash: scene.hash,
      createdAt: AT,
      sizeBytes: (await stat(tar)).size,
      sha256,
      sourceSizes: { "rootfs.qcow2": DISK_BYTES, "data.qcow2": MIB },
    });
    assert.deepEqual(held, ["held", "let go"]);
    const restored = await unpacked(tar, scene.directory);
    assert.deepEqual(restored.subarray(0, 4), Buffer.from("base"));
    assert.deepEqual(restored.subarray(MIB, MIB + 4), Buffer.from("mine"));
    assert.equal(restored.length, DISK_BYTES);
  });

  test("an overlay that names other files of the host is told what it stands on, or refused", async () => {
    await using scene = await aScene();
    const secret = path.join(scene.directory, "secret");
    await writeFile(secret, Buffer.alloc(DISK_BYTES, "secret"));
    const args = ["rebase", "-u", "-f", "qcow2", "-F", "raw", "-b", secret, scene.root.path];
    await run({ file: "qemu-img", args }, never);
    await scene.store.make(scene.work, never);
    const tar = path.join(scene.backups, `${scene.work.id}.tar`);
    assert.deepEqual((await unpacked(tar, scene.directory)).subarray(0, 4), Buffer.from("base"));
    await scene.store.remove(scene.work.id);
    await using file = await open(scene.root.path, "r+");
    await file.write(Buffer.from([0, 0, 0, 0, 0, 0, 0, 4]), 0, 8, 72);
    await assert.rejects(scene.store.make(scene.work, never), /has its data elsewhere/);
    assert.deepEqual(await readdir(scene.backups), []);
  });

  test("what a daemon that died was about to make is removed by the next one", async () => {
    await using scene = await aScene();
    await scene.store.make(scene.work, never);
    for (const name of ["x.tar.part", "y.tar.sha256", ".making-z"])
      await writeFile(path.join(scene.backups, name), "half");
    const next = await BackupFiles.open(scene.backups);
    assert.equal((await next.list()).length, 1);
    assert.equal((await readdir(scene.backups)).length, 3);
    await next.remove(scene.work.id);
    assert.deepEqual(await readdir(scene.backups), []);
  });

  test("an aborted backup leaves nothing, and lets the VM go on", async () => {
    await using scene = await aScene();
    const over = new AbortController();
    const held: string[] = [];
    const hold = async () => {
      over.abort(new Error("the daemon ends"));
      return holding(held)();
    };
    await assert.rejects(scene.store.make({ ...scene.work, hold }, over.signal), /daemon ends/);
    assert.deepEqual(await readdir(scene.backups), []);
    assert.deepEqual(held, ["held", "let go"]);
  });

  test("a disk that is brought back shows what it held, and nothing of the parent that it did not", async () => {
    await using scene = await aScene();
    const sent = path.join(scene.directory, "sent.qcow2");
    await disk(sent, 2 * MIB, [[64 * KIB, "new"]]);
    const ready = await scene.store.takeIn(incoming(scene, await readFile(sent)), never);
    const before = await readFile(scene.root.path);
    await ready.install(AT);
    await ready[Symbol.asyncDispose]();
    const { path: root } = scene.root;
    const raw = await asRaw(root, scene.directory);
    assert.equal(raw.length, DISK_BYTES);
    assert.deepEqual(raw.subarray(64 * KIB, 64 * KIB + 3), Buffer.from("new"));
    assert.ok(
      raw.subarray(0, 64 * KIB).every((byte) => byte === 0),
      "the parent shines through",
    );
    assert.ok(
      raw.subarray(65 * KIB).every((byte) => byte === 0),
      "the parent shines through",
    );
    const kept = path.join(path.dirname(root), "rootfs.pre-restore-20261122T040506Z.qcow2");
    assert.deepEqual(await readFile(kept), before);
    const again = await scene.store.takeIn(incoming(scene, sent), never);
    await again.install(new Date("2026-11-22T05:05:06Z"));
    const names = await readdir(path.dirname(root));
    assert.deepEqual(
      names.filter((name) => name.includes("pre-restore")),
      ["rootfs.pre-restore-20261122T050506Z.qcow2"],
    );
  });

  test("what is no disk for this VM is refused, and nothing has changed", async () => {
    await using scene = await aScene();
    const before = await readFile(scene.root.path);
    const large = path.join(scene.directory, "large.qcow2");
    await disk(large, 16 * MIB, []);
    const leaning = path.join(scene.directory, "leaning.qcow2");
    const args = ["create", "-q", "-f", "qcow2", "-F", "raw", "-b", "/etc/passwd", leaning, "1M"];
    await run({ file: "qemu-img", args }, never);
    const damaged = Buffer.from(await readFile(large));
    damaged.fill(0xff, 40, 48);
    const refusals: [string | Buffer, RegExp][] = [
      [Buffer.from("no disk"), /not a valid QCOW2/],
      [damaged, /16 MiB large|not a valid QCOW2/],
      [leaning, /not a valid QCOW2/],
      [large, /16 MiB large; the root disk of this VM has 8 MiB/],
      [Buffer.alloc(9 * MIB), /may take at most 8 MiB/],
    ];
    for (const [from, words] of refusals) {
      await assert.rejects(
        scene.store.takeIn(incoming(scene, from), never),
        (error) => error instanceof Refusal && words.test(error.message),
      );
    }
    assert.deepEqual(await readFile(scene.root.path), before);
    assert.deepEqual((await readdir(path.dirname(scene.root.path))).toSorted(), [
      "data.ext4",
      "rootfs.qcow2",
    ]);
  });

  test("a disk that would leave no room for other VMs is refused before it is copied", async () => {
    await using scene = await aScene();
    const huge = path.join(scene.directory, "huge.qcow2");
    await writeFile(huge, "");
    await truncate(huge, 12 * 1024 * GIB); // all of it a hole
    await assert.rejects(
      scene.store.takeIn({ ...incoming(scene, huge), maxBytes: Infinity }, never),
      { kind: "no storage", message: /no room for another disk/ },
    );
    assert.ok(!(await readdir(path.dirname(scene.root.path))).includes("rootfs.qcow2.restored"));
  });

  test("room is asked for what is copied and packed, parents too", async () => {
    await using scene = await aScene();
    const { neededBytes, freeBytes } = await scene.store.room([scene.root]);
    assert.ok(neededBytes >= 2 * 192 * KIB && freeBytes > 0, String(neededBytes));
  });
});

async function aScene() {
  const home = await tempDir();
  const directory = home.path;
  const [backups, volumes] = [path.join(directory, "backups"), path.join(directory, "volumes")];
  await run({ file: "mkdir", args: [volumes] }, never);
  const parent = path.join(directory, "parent.raw");
  await writeFile(parent, Buffer.concat([Buffer.from("base"), Buffer.alloc(2 * MIB, 7)]));
  await truncate(parent, 4 * MIB);
  const root: SourceDisk = {
    name: "rootfs.qcow2",
    path: path.join(volumes, "rootfs.qcow2"),
    format: "qcow2",
    backing: { path: parent, format: "raw" },
  };
  const args = [
    "create",
    "-q",
    "-f",
    "qcow2",
    "-F",
    "raw",
    "-b",
    parent,
    root.path,
    String(DISK_BYTES),
  ];
  await run({ file: "qemu-img", args }, never);
  await written(root.path, MIB, "mine");
  const data = path.join(volumes, "data.ext4");
  await writeFile(data, Buffer.alloc(MIB, "d"));
  const volume: SourceDisk = { name: "data.qcow2", path: data, format: "raw", backing: undefined };
  const hash = aHash();
  const work: BackupWork = {
    id: `${hash}-20261122T040506Z`,
    vmHash: hash,
    disks: [root, volume],
    hold: holding([]),
    createdAt: AT,
  };
  const store = await BackupFiles.open(backups);
  const end = () => home[Symbol.asyncDispose]();
  return { directory, backups, root, hash, work, store, [Symbol.asyncDispose]: end };
}

function holding(held: string[]) {
  return async (): Promise<AsyncDisposable> => {
    held.push("held");
    return { [Symbol.asyncDispose]: async () => void held.push("let go") };
  };
}

function incoming({ root }: { root: SourceDisk }, from: string | Buffer): IncomingDisk {
  const source = typeof from === "string" ? from : pieces(from);
  return { from: source, root, rootBytes: DISK_BYTES, maxBytes: DISK_BYTES };
}

async function* pieces(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 64 * KIB) yield bytes.subarray(at, at + 64 * KIB);
}

async function disk(file: string, bytes: number, writes: readonly [number, string][]) {
  await run(
    { file: "qemu-img", args: ["create", "-q", "-f", "qcow2", file, String(bytes)] },
    never,
  );
  for (const [offset, text] of writes) await written(file, offset, text);
}

/** By the tool that comes with qemu-img: a pattern is one byte, so a text is written byte by byte. */
async function written(file: string, offset: number, text: string): Promise<void> {
  const commands = [...Buffer.from(text)].flatMap((byte, index) => [
    "-c",
    `write -P ${byte} ${offset + index} 1`,
  ]);
  await run({ file: "qemu-io", args: ["-f", "qcow2", ...commands, file] }, never);
}

async function asRaw(file: string, directory: string): Promise<Buffer> {
  const raw = path.join(directory, "as.raw");
  const args = ["convert", "-f", "qcow2", "-O", "raw", file, raw];
  await run({ file: "qemu-img", args }, never);
  return readFile(raw);
}

async function unpacked(tar: string, directory: string): Promise<Buffer> {
  await run({ file: "tar", args: ["-xf", tar, "-C", directory] }, never);
  const file = path.join(directory, "rootfs.qcow2");
  const info = await runText({ file: "qemu-img", args: ["info", file] }, never);
  assert.doesNotMatch(info, /backing/);
  return asRaw(file, directory);
}

function aHash(): ItemHash {
  const hash = parseItemHash("decadeca".repeat(8));
  assert.ok(hash);
  return hash;
}
