import assert from "node:assert/strict";
import { mkdir, readdir, readFile, stat, truncate, writeFile } from "node:fs/promises";
import { test } from "node:test";

import { AlcoveError } from "#core/errors.ts";
import { type LayerId, newLayerId, newVmId } from "#core/ids.ts";
import type { Ground } from "#core/ports/disk-layers.ts";
import { MIB } from "#lib/bytes.ts";
import { runText } from "#process/run.ts";
import { type TempDir, tempDir } from "#testing/temp-dir.ts";

import { MAX_CHAIN } from "./layer-store.ts";
import { type OpenDisks, openDisks } from "./vm-disks.ts";

const never = new AbortController().signal;
const IMAGE_ID = "a".repeat(64);
const SIZE = 64 * MIB;

class Stage implements AsyncDisposable {
  readonly directory: string;
  readonly ground: Ground;
  open: OpenDisks;
  readonly #made: TempDir;

  private constructor(made: TempDir, ground: Ground, open: OpenDisks) {
    this.#made = made;
    this.directory = made.path;
    this.ground = ground;
    this.open = open;
  }

  static async make(): Promise<Stage> {
    const made = await tempDir();
    const path = `${made.path}/image.raw`;
    await writeFile(path, "");
    await truncate(path, SIZE);
    const image = { path, format: "raw", virtualSizeBytes: SIZE } as const;
    return new Stage(made, { image, layer: undefined }, await openDisks(made.path));
  }

  /** A daemon's restart. */
  async again(): Promise<OpenDisks> {
    this.open = await openDisks(this.directory);
    return this.open;
  }

  on(layer: LayerId | undefined): Ground {
    return { ...this.ground, layer };
  }

  /** A VM on this layer. @returns its id */
  async vm(layer?: LayerId): Promise<string> {
    const vmId = newVmId();
    await this.open.disks.create(vmId, this.on(layer), SIZE);
    return vmId;
  }

  async seal(vmId: string, below?: LayerId): Promise<LayerId> {
    const id = newLayerId();
    await this.open.layers.seal(id, { vmId, ground: this.on(below), imageId: IMAGE_ID });
    return id;
  }

  async write(vmId: string, layer: LayerId | undefined, text: string, at: number): Promise<void> {
    const { path } = this.open.disks.rootDisk(vmId, this.on(layer));
    const source = `${this.directory}/bytes`;
    await writeFile(source, text.padEnd(512, " "));
    const commands = ["-c", `write -s ${source} ${at} 512`];
    await runText({ file: "qemu-io", args: ["-f", "qcow2", ...commands, path] }, never);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#made[Symbol.asyncDispose]();
  }
}

const missing = (error: unknown) => AlcoveError.is(error, "layer_missing");

test("layers: what was sealed is there for others, and after a restart", async () => {
  await using stage = await Stage.make();
  const vmId = await stage.vm();
  const id = await stage.seal(vmId);

  const { layers } = await stage.again();

  const layer = layers.get(id);
  assert.partialDeepStrictEqual(layer, { id, imageId: IMAGE_ID, virtualSizeBytes: SIZE });
  assert.equal(layer.parent, undefined);
  assert.ok(layer.allocatedBytes > 0);
  assert.deepEqual(layers.list(), [layer]);
  const disk = layers.below(stage.on(id));
  assert.equal(disk.format, "qcow2");
  const { path, format } = stage.ground.image;
  assert.deepEqual(disk.backing, { path, format, backing: undefined });
});

test("layers: sealing copies no byte, and what stands on the layer reads what was written", async () => {
  await using stage = await Stage.make();
  const vmId = await stage.vm();
  await stage.write(vmId, undefined, "from the first", 0);
  const id = await stage.seal(vmId);
  const { disks, layers } = stage.open;
  const overlay = disks.rootDisk(vmId, stage.ground).path;
  const sealed = layers.below(stage.on(id)).path;
  assert.equal((await stat(sealed)).ino, (await stat(overlay)).ino);

  const child = await stage.vm(id);
  const { path } = disks.rootDisk(child, stage.on(id));
  const before = await readFile(sealed);
  await stage.write(child, id, "from the child", 4096);
  const raw = `${stage.directory}/child.raw`;
  await runText({ file: "qemu-img", args: ["convert", "-O", "raw", path, raw] }, never);
  const bytes = await readFile(raw);
  assert.equal(bytes.toString("utf8", 0, 14), "from the first");
  assert.equal(bytes.toString("utf8", 4096, 4110), "from the child");
  assert.deepEqual(await readFile(sealed), before);
});

test("layers: only what somebody stands on is kept, with all that is below it", async () => {
  await using stage = await Stage.make();
  const first = await stage.seal(await stage.vm());
  const second = await stage.seal(await stage.vm(first), first);
  const other = await stage.seal(await stage.vm());
  const { layers } = stage.open;

  assert.deepEqual(await layers.keepOnly([second]), [other]);
  assert.deepEqual(
    layers
      .list()
      .map(({ id }) => id)
      .toSorted(),
    [first, second].toSorted(),
  );
  assert.deepEqual((await layers.keepOnly([])).toSorted(), [first, second].toSorted());
  assert.deepEqual(await readdir(`${stage.directory}/layers`), []);
  assert.throws(() => layers.get(first), missing);
  assert.throws(() => layers.below(stage.on(second)), missing);
});

test("layers: half of one is none, and goes", async () => {
  await using stage = await Stage.make();
  const whole = await stage.seal(await stage.vm());
  const root = `${stage.directory}/layers`;
  const names = { part: `${newLayerId()}.part`, empty: newLayerId(), nonsense: newLayerId() };
  for (const name of Object.values(names)) await mkdir(`${root}/${name}`);
  await writeFile(`${root}/${names.nonsense}/layer.json`, '{"v":1,"id":"../..","parent":null}');
  await writeFile(`${root}/${names.nonsense}/disk.qcow2`, "");

  const { layers } = await stage.again();

  assert.deepEqual(
    layers.list().map(({ id }) => id),
    [whole],
  );
  assert.throws(() => layers.get(names.empty), missing);
  assert.deepEqual(await layers.keepOnly([whole]), []);
  assert.deepEqual(await readdir(root), [whole]);
});

test("layers: where a description in use is damaged, nothing whole is removed: it may be below", async () => {
  await using stage = await Stage.make();
  const first = await stage.seal(await stage.vm());
  const second = await stage.seal(await stage.vm(first), first);
  await writeFile(`${stage.directory}/layers/${second}/layer.json`, "");

  const { layers } = await stage.again();

  assert.throws(() => layers.below(stage.on(second)), missing);
  assert.deepEqual(await layers.keepOnly([second]), []);
  assert.deepEqual(
    (await readdir(`${stage.directory}/layers`)).toSorted(),
    [first, second].toSorted(),
  );
});

test("layers: a chain has an end", async () => {
  await using stage = await Stage.make();
  let top: LayerId | undefined;
  for (let n = 0; n < MAX_CHAIN; n += 1) top = await stage.seal(await stage.vm(top), top);
  const vmId = await stage.vm(top);
  await assert.rejects(stage.seal(vmId, top), (error) => AlcoveError.is(error, "no_capacity"));
  assert.equal(stage.open.layers.list().length, MAX_CHAIN);
  assert.equal((await readdir(`${stage.directory}/layers`)).length, MAX_CHAIN);
});

test("layers: a disk that names another file for its data is not sealed, and stays where it is", async () => {
  await using stage = await Stage.make();
  const vmId = await stage.vm();
  const { path } = stage.open.disks.rootDisk(vmId, stage.ground);
  const bytes = await readFile(path);
  bytes.writeBigUInt64BE(4n, 72); // an external data file
  await writeFile(path, bytes);
  await assert.rejects(stage.seal(vmId), /features \(4\)/);
  assert.deepEqual(await readdir(`${stage.directory}/layers`), []);
  assert.deepEqual(await readFile(path), bytes);
});
