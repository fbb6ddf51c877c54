import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, readdir, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, test } from "node:test";

import { newLayerId, newVmId } from "#core/ids.ts";
import { type ImageContent, type KernelContent, manifestOf } from "#core/image/manifest.ts";
import { run } from "#process/run.ts";

import { BlobDigest, CHUNK_BYTES } from "./blob-digest.ts";
import { diskUsers } from "./disk-users.ts";
import { LocalImageStore } from "./local-image-store.ts";
import { openDisks } from "./vm-disks.ts";

const never = new AbortController().signal;
const nobody = () => [];

async function openStore() {
  const dir = await mkdtemp(path.join(tmpdir(), "image-store-"));
  const store = await LocalImageStore.open(path.join(dir, "images"));
  return { dir, store, [Symbol.asyncDispose]: () => rm(dir, { recursive: true }) };
}

async function anImage(
  store: LocalImageStore,
  name: string,
  disk: string,
  createdAt = new Date(0),
) {
  const content: ImageContent = {
    schema: 1,
    kind: "image",
    name,
    kernel: await aKernel(store, "modular"),
    preferredKernels: ["small"],
    rootfs: {
      blob: await store.blobs.putBytes(Buffer.from(disk), never),
      format: "raw",
      filesystem: "ext4",
      virtualSizeBytes: disk.length,
    },
    args: ["root=/dev/vda"],
    init: "alcove",
    agentVersion: "1",
    defaultUser: "alcove",
    packages: [],
  };
  const manifest = manifestOf(content, createdAt);
  await store.manifests.save(manifest);
  return manifest;
}

async function aKernel(store: LocalImageStore, name: string) {
  const vmlinux = await store.blobs.putBytes(Buffer.from(`kernel ${name}`), never);
  return { name, release: "6.1", vmlinux, initramfs: null, args: ["quick"], source: "linux=1" };
}

async function addKernel(store: LocalImageStore, name: string) {
  const kernel = await aKernel(store, name);
  const content: KernelContent = { schema: 1, kind: "kernel", name, kernel };
  await store.manifests.save(manifestOf(content, new Date(0)));
}

const blobCount = async (dir: string) =>
  (await readdir(path.join(dir, "images/blobs/sha256-4m"))).length;

describe("blob store", () => {
  test("a sparse file keeps its holes, its content and its digest", async () => {
    await using at = await openStore();
    const file = path.join(at.dir, "disk");
    await writeFile(file, "begin");
    await truncate(file, 70 * 1024 * 1024 + 3);
    const blob = await at.store.blobs.putFile(file, never);
    const stored = await stat(at.store.blobs.pathOf(blob));
    assert.equal(stored.size, 70 * 1024 * 1024 + 3);
    assert.ok(stored.blocks * 512 <= 128 * 1024, `${stored.blocks} blocks are used`);
    assert.equal(stored.mode & 0o777, 0o444);
    assert.deepEqual(
      await run({ file: "cmp", args: [file, at.store.blobs.pathOf(blob)] }, never),
      Buffer.alloc(0),
    );
    assert.ok(await at.store.blobs.verify(blob, never));
  });

  test("the digest is that of the whole content, however it came in", async () => {
    await using at = await openStore();
    const content = Buffer.alloc(2 * CHUNK_BYTES + 10);
    content.write("here", CHUNK_BYTES - 2);
    content.write("end", content.length - 3);
    const file = path.join(at.dir, "disk");
    await writeFile(file, content);
    const digest = new BlobDigest();
    for (let start = 0; start < content.length; start += CHUNK_BYTES) {
      digest.chunk(content.subarray(start, start + CHUNK_BYTES));
    }
    const fromFile = await at.store.blobs.putFile(file, never);
    assert.deepEqual(fromFile, { digest: digest.finish(), sizeBytes: content.length });
    assert.deepEqual(await at.store.blobs.putBytes(content, never), fromFile);
    assert.equal(await blobCount(at.dir), 1);
  });

  test("a changed blob is noticed", async () => {
    await using at = await openStore();
    const blob = await at.store.blobs.putBytes(Buffer.from("content"), never);
    await chmod(at.store.blobs.pathOf(blob), 0o644);
    await writeFile(at.store.blobs.pathOf(blob), "cantent");
    assert.equal(await at.store.blobs.verify(blob, never), false);
  });

  test("an aborted write leaves nothing behind", async () => {
    await using at = await openStore();
    const reason = new Error("enough");
    await assert.rejects(
      at.store.blobs.putBytes(Buffer.from("x"), AbortSignal.abort(reason)),
      reason,
    );
    assert.deepEqual(await readdir(path.join(at.dir, "images/tmp")), []);
    assert.equal(await blobCount(at.dir), 0);
  });
});

describe("image store", () => {
  test("resolves a name and the beginning of an id to files", async () => {
    await using at = await openStore();
    const { id } = await anImage(at.store, "base", "disk");
    const resolved = await at.store.resolve("base", never);
    assert.deepEqual(await at.store.resolve(id.slice(0, 12), never), resolved);
    assert.equal(resolved.kernel.name, "modular");
    assert.deepEqual(resolved.kernel.args, ["quick", "root=/dev/vda"]);
    assert.equal((await stat(resolved.rootfs.path)).size, 4);
    assert.ok(path.isAbsolute(resolved.kernel.path));
  });

  test("an image boots with the kernel it prefers once the store has that", async () => {
    await using at = await openStore();
    await anImage(at.store, "base", "disk");
    const before = await at.store.resolve("base", never);
    await addKernel(at.store, "small");
    const after = await at.store.resolve("base", never);
    assert.equal(after.kernel.name, "small");
    assert.equal(after.id, before.id);
    assert.notEqual(after.kernel.id, before.kernel.id);
    await rm(after.kernel.path);
    assert.equal((await at.store.resolve("base", never)).kernel.name, "modular");
  });

  test("what is not there, or has lost a file, is reported as missing", async () => {
    await using at = await openStore();
    const missing = { code: "image_not_found" };
    await assert.rejects(at.store.resolve("base", never), missing);
    await assert.rejects(at.store.resolve("0123456789ab", never), missing);
    await anImage(at.store, "base", "disk");
    await rm((await at.store.resolve("base", never)).rootfs.path);
    await assert.rejects(at.store.resolve("base", never), missing);
    await addKernel(at.store, "small");
    await assert.rejects(at.store.resolve("small", never), missing);
  });

  test("a newer build takes the name; the replaced image stays until it is pruned", async () => {
    await using at = await openStore();
    const old = await anImage(at.store, "base", "old disk", new Date(1000));
    const fresh = await anImage(at.store, "base", "new disk", new Date(2000));
    assert.equal((await at.store.resolve("base", never)).id, fresh.id);
    assert.equal((await at.store.resolve(old.id, never)).id, old.id);
    const named = (await at.store.list(never)).map((stored) => [stored.manifest.id, stored.named]);
    assert.deepEqual(named, [
      [fresh.id, true],
      [old.id, false],
    ]);
    const young = { inUse: nobody, madeBefore: new Date(500) };
    assert.equal((await at.store.prune(young, never)).removed, 0);
    const used = { inUse: () => ["vm"], madeBefore: new Date(5000) };
    assert.equal((await at.store.prune(used, never)).removed, 0);
    assert.equal(
      (await at.store.prune({ inUse: nobody, madeBefore: new Date(5000) }, never)).removed,
      1,
    );
    assert.equal(await blobCount(at.dir), 2);
  });

  test("removal keeps files that another image shares, and refuses what is in use", async () => {
    await using at = await openStore();
    await anImage(at.store, "one", "disk one");
    await anImage(at.store, "two", "disk two");
    await assert.rejects(
      at.store.remove("one", () => ["web-1"], never),
      {
        code: "image_in_use",
        message: "The image one is in use by web-1",
      },
    );
    assert.equal(await blobCount(at.dir), 3);
    await at.store.remove("one", nobody, never);
    assert.equal(await blobCount(at.dir), 2);
    await at.store.resolve("two", never);
    await at.store.remove("two", nobody, never);
    assert.equal(await blobCount(at.dir), 0);
  });

  test("what a killed build left is swept away", async () => {
    await using at = await openStore();
    await anImage(at.store, "base", "disk");
    await at.store.blobs.putBytes(Buffer.from("of a build that died"), never);
    await mkdir(path.join(at.dir, "images/tmp/rootfs-1/tree"), { recursive: true });
    await writeFile(path.join(at.dir, "images/tmp/blob-1"), "half");
    await at.store.sweep();
    assert.deepEqual(await readdir(path.join(at.dir, "images/tmp")), []);
    assert.equal(await blobCount(at.dir), 2);
  });

  test("an overlay that stands on an image counts as its use", async () => {
    await using at = await openStore();
    await anImage(at.store, "base", "x".repeat(1024 * 1024));
    const { rootfs } = await at.store.resolve("base", never);
    const vm = path.join(at.dir, "vms/1");
    await mkdir(vm, { recursive: true });
    const args = ["create", "-q", "-f", "qcow2", "-F", "raw", "-b", rootfs.path, "disk.qcow2"];
    await run({ file: "qemu-img", args, cwd: vm }, never);
    await assert.rejects(at.store.remove("base", diskUsers(at.dir), never), {
      message: "The image base is in use by the disk vms/1/disk.qcow2",
    });
    await rm(vm, { recursive: true });
    await at.store.remove("base", diskUsers(at.dir), never);
  });

  test("a layer that stands on an image counts as its use, when no VM is left", async () => {
    await using at = await openStore();
    await anImage(at.store, "base", "x".repeat(1024 * 1024));
    const { rootfs } = await at.store.resolve("base", never);
    const { disks, layers } = await openDisks(at.dir);
    const [vmId, layer] = [newVmId(), newLayerId()];
    const ground = { image: rootfs, layer: undefined };
    await disks.create(vmId, ground, rootfs.virtualSizeBytes);
    await layers.seal(layer, { vmId, ground, imageId: "base" });
    await disks.remove(vmId);
    await assert.rejects(at.store.remove("base", diskUsers(at.dir), never), {
      message: `The image base is in use by the disk layers/${layer}/disk.qcow2`,
    });
    await layers.keepOnly([]);
    await at.store.remove("base", diskUsers(at.dir), never);
  });
});
