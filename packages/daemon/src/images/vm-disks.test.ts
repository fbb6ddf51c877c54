import assert from "node:assert/strict";
import { readdir, writeFile } from "node:fs/promises";
import { test } from "node:test";

import { newLayerId, newVmId } from "#core/ids.ts";
import { GIB, MIB } from "#lib/bytes.ts";
import { runText } from "#process/run.ts";
import { tempDir } from "#testing/temp-dir.ts";

import { openDisks } from "./vm-disks.ts";

const never = new AbortController().signal;

async function stage(directory: string) {
  const { disks, layers } = await openDisks(directory);
  const image = { path: `${directory}/image`, format: "raw", virtualSizeBytes: GIB } as const;
  const onImage = { image, layer: undefined };
  const vmId = newVmId();
  await disks.create(vmId, onImage, GIB);
  const layer = newLayerId();
  await layers.seal(layer, { vmId, ground: onImage, imageId: "0" });
  const names = async () => (await readdir(`${directory}/vms/${vmId}`)).toSorted();
  return { disks, vmId, layer, onImage, onLayer: { image, layer }, names };
}

test("vm disks: a VM has an overlay for each ground, and keeps the one that counts", async () => {
  await using directory = await tempDir();
  const { disks, vmId, layer, onImage, onLayer, names } = await stage(directory.path);
  await disks.addOverlay(vmId, onLayer, GIB);
  assert.deepEqual(await names(), [`disk-${layer}.qcow2`, "disk.qcow2"]);
  assert.notEqual(disks.rootDisk(vmId, onImage).path, disks.rootDisk(vmId, onLayer).path);

  const left = ["disk-0123456789abcdef.qcow2.part", "state-1", "disk.qcow2.part"];
  for (const name of left) await writeFile(`${directory.path}/vms/${vmId}/${name}`, "");
  await disks.keepOnlyOverlay(vmId, layer);
  assert.deepEqual(await names(), [`disk-${layer}.qcow2`, "state-1"]);

  await disks.keepOnlyOverlay(newVmId(), undefined); // nothing of it is here
  await disks.keepOnlyOverlay(vmId, undefined);
  assert.deepEqual(await names(), [`disk-${layer}.qcow2`, "state-1"], "the last one stays");
});

test("vm disks: another overlay of the same ground takes the place of the one before", async () => {
  await using directory = await tempDir();
  const { disks, vmId, onLayer } = await stage(directory.path);
  for (const size of [GIB, 2 * GIB]) await disks.addOverlay(vmId, onLayer, size);
  const { path } = disks.rootDisk(vmId, onLayer);
  const args = ["info", "--output=json", path];
  const info: unknown = JSON.parse(await runText({ file: "qemu-img", args }, never));
  assert.partialDeepStrictEqual(info, { "virtual-size": 2 * GIB });
});

test("vm disks: an overlay that cannot be made leaves what was there", async () => {
  await using directory = await tempDir();
  const { disks, vmId, onImage, onLayer, names } = await stage(directory.path);
  const before = await names();
  const nowhere = { ...onLayer, layer: newLayerId() };
  await assert.rejects(disks.addOverlay(vmId, nowhere, GIB), { code: "layer_missing" });
  await assert.rejects(disks.create(newVmId(), nowhere, GIB), { code: "layer_missing" });
  assert.deepEqual(await names(), before);
  assert.equal(disks.rootDisk(vmId, onImage).backing?.path, onImage.image.path);
});

test("vm disks: an overlay is untouched until something is written to it, zeros too", async () => {
  for (const write of ["write -P 7 0 512", "write -z 0 1M", "write -P 0 64M 4k"]) {
    await using directory = await tempDir();
    const { disks, vmId, onImage } = await stage(directory.path);
    await writeFile(onImage.image.path, Buffer.alloc(MIB, 1));
    assert.equal(await disks.isUntouched(vmId, onImage), true);
    const { path } = disks.rootDisk(vmId, onImage);
    await runText({ file: "qemu-io", args: ["-f", "qcow2", "-c", "read 0 1M", path] }, never);
    assert.equal(await disks.isUntouched(vmId, onImage), true, "reading");
    await runText({ file: "qemu-io", args: ["-f", "qcow2", "-c", write, path] }, never);
    assert.equal(await disks.isUntouched(vmId, onImage), false, write);
  }
});
