import assert from "node:assert/strict";
import { mkdtemp, open, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { before, after, describe, test } from "node:test";

import { MIB } from "#lib/bytes.ts";
import { run } from "#process/run.ts";

import type { BuildContext } from "./build-tools.ts";
import { importDisk, inspectDisk, MAX_IMPORT_BYTES } from "./disk-import.ts";
import { LocalImageStore } from "./local-image-store.ts";

const never = new AbortController().signal;

let dir = "";
before(async () => {
  dir = await mkdtemp(path.join(tmpdir(), "disk-import-"));
});
after(() => rm(dir, { recursive: true }));

const file = (name: string) => path.join(dir, name);
const qemuImg = (...args: string[]) => run({ file: "qemu-img", args, cwd: dir }, never);

describe("disk inspection", () => {
  test("tells raw from qcow2 and their sizes", async () => {
    await qemuImg("create", "-q", "-f", "qcow2", "a.qcow2", "10M");
    await truncate(await empty("a.raw"), 3 * MIB);
    assert.deepEqual(await inspectDisk(file("a.qcow2"), never), {
      format: "qcow2",
      virtualSizeBytes: 10 * MIB,
    });
    assert.deepEqual(await inspectDisk(file("a.raw"), never), {
      format: "raw",
      virtualSizeBytes: 3 * MIB,
    });
  });

  const refusals: [string, () => Promise<string>, RegExp][] = [
    ["a disk with a backing file", withBacking, /needs another file \("base.raw"\)/],
    ["a disk with an external data file", withDataFile, /needs another file \("data.raw"\)/],
    ["an encrypted disk", encrypted, /is encrypted/],
    ["a disk of another format", vmdk, /of format vmdk; only raw and qcow2/],
    ["a disk that is too large", tooLarge, /is 257 GiB large; at most 256 GiB/],
    ["a damaged qcow2", damaged, /cannot be read as a disk/],
    ["an empty file", () => empty("empty.raw"), /is empty/],
    ["a directory", async () => dir, /is not a file/],
    ["a file that is not there", async () => file("nowhere"), /is not a file/],
  ];
  for (const [what, make, message] of refusals) {
    test(`${what} is refused with a reason`, async () => {
      await assert.rejects(inspectDisk(await make(), never), { code: "invalid_request", message });
    });
  }
});

describe("disk import", () => {
  test("a qcow2 is stored as raw, or as it is when asked, with the same content", async () => {
    const store = await LocalImageStore.open(file("store"));
    await writeFile(file("content.raw"), Buffer.alloc(2 * MIB, "content"));
    await qemuImg("convert", "-f", "raw", "-O", "qcow2", "content.raw", "content.qcow2");
    const request = {
      file: file("content.qcow2"),
      kernel: await aKernel(store),
      rootDevice: undefined,
      store,
    };
    const raw = await importDisk(context(store), { ...request, name: "raw", form: "raw" }, never);
    const kept = await importDisk(
      context(store),
      { ...request, name: "kept", form: "as-is" },
      never,
    );
    assert.deepEqual([raw.rootfs.format, kept.rootfs.format], ["raw", "qcow2"]);
    assert.deepEqual(
      [raw.rootfs.virtualSizeBytes, kept.rootfs.virtualSizeBytes],
      [2 * MIB, 2 * MIB],
    );
    const { rootfs } = await store.resolve("raw", never);
    await run({ file: "cmp", args: [rootfs.path, file("content.raw")] }, never);
    await qemuImg(
      "compare",
      "-q",
      "-f",
      "raw",
      "-F",
      "qcow2",
      rootfs.path,
      (await store.resolve("kept", never)).rootfs.path,
    );
  });

  test("an ext4 disk is recognised; one with partitions needs to be told its root", async () => {
    const store = await LocalImageStore.open(file("store2"));
    await truncate(await empty("fs.raw"), 8 * MIB);
    await run({ file: "mkfs.ext4", args: ["-q", "-F", file("fs.raw")] }, never);
    const kernel = await aKernel(store);
    const request = {
      name: "fs",
      file: file("fs.raw"),
      kernel,
      rootDevice: undefined,
      form: "raw",
      store,
    } as const;
    const plain = await importDisk(context(store), request, never);
    assert.equal(plain.rootfs.filesystem, "ext4");
    assert.deepEqual(plain.args, ["root=/dev/vda", "rw", "rootfstype=ext4"]);

    const sector = Buffer.alloc(MIB);
    sector.writeUInt16BE(0x55aa, 510);
    await writeFile(file("parts.raw"), sector);
    const parts = { ...request, name: "parts", file: file("parts.raw") };
    await assert.rejects(importDisk(context(store), parts, never), { message: /has partitions/ });
    const told = await importDisk(context(store), { ...parts, rootDevice: "/dev/vda1" }, never);
    assert.deepEqual(told.args, ["root=/dev/vda1", "rw"]);
    const words = { ...parts, rootDevice: "/dev/vda1 init=/bin/sh" };
    await assert.rejects(importDisk(context(store), words, never), { code: "invalid_request" });
  });
});

async function aKernel(store: LocalImageStore) {
  const vmlinux = await store.blobs.putBytes(Buffer.from("kernel"), never);
  return { name: "k", release: "6.1", vmlinux, initramfs: null, args: [], source: "linux=1" };
}

function context(store: LocalImageStore): BuildContext {
  const nowhere = path.join(dir, "none");
  return {
    root: store.root,
    recipesDir: nowhere,
    agentPath: nowhere,
    agentUnitPath: nowhere,
    downloadEnv: {},
    freshness: "cached",
    report: () => {},
  };
}

async function empty(name: string): Promise<string> {
  await writeFile(file(name), "");
  assert.equal((await stat(file(name))).size, 0);
  return file(name);
}

async function withBacking(): Promise<string> {
  await truncate(await empty("base.raw"), MIB);
  await qemuImg("create", "-q", "-f", "qcow2", "-F", "raw", "-b", "base.raw", "overlay.qcow2");
  return file("overlay.qcow2");
}

async function withDataFile(): Promise<string> {
  await qemuImg("create", "-q", "-f", "qcow2", "-o", "data_file=data.raw", "external.qcow2", "1M");
  return file("external.qcow2");
}

async function encrypted(): Promise<string> {
  const options = "encrypt.format=aes,encrypt.key-secret=s";
  await qemuImg(
    "create",
    "-q",
    "-f",
    "qcow2",
    "--object",
    "secret,id=s,data=abc",
    "-o",
    options,
    "secret.qcow2",
    "1M",
  );
  return file("secret.qcow2");
}

async function vmdk(): Promise<string> {
  await qemuImg("create", "-q", "-f", "vmdk", "other.vmdk", "1M");
  return file("other.vmdk");
}

async function tooLarge(): Promise<string> {
  await truncate(await empty("large.raw"), MAX_IMPORT_BYTES + 1024 * MIB);
  return file("large.raw");
}

async function damaged(): Promise<string> {
  await qemuImg("create", "-q", "-f", "qcow2", "damaged.qcow2", "1M");
  await using handle = await open(file("damaged.qcow2"), "r+");
  await handle.write(Buffer.alloc(4, 0xff), 0, 4, 20); // cluster size of 2^4294967295
  return file("damaged.qcow2");
}
