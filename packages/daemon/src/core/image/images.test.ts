import assert from "node:assert/strict";
import { after, describe, test } from "node:test";

import { fakeCommits } from "#testing/fake-commits.ts";
import { aGroup, aRequest, FakeHost, never } from "#testing/fake-host.ts";
import { anImage } from "#testing/fake-image-desk.ts";
import { aVmRecord } from "#testing/vm-records.ts";

import { Images } from "./images.ts";
import type { ImageManifest } from "./manifest.ts";

const host = await FakeHost.make();
after(() => host[Symbol.asyncDispose]());
const vms = await host.open();

/** Of a store that holds one image. */
async function usersOf(manifest: ImageManifest, named: boolean): Promise<readonly string[]> {
  const stored = { manifest, named, blobPaths: [], allocatedBytes: 1 };
  const store = {
    resolve: () => assert.fail("nobody boots it"),
    list: async () => [stored],
    remove: () => assert.fail("nobody removes it"),
  };
  const { groups, usedTemplates: templates, events } = host;
  const commits = fakeCommits(host, vms);
  const making = undefined;
  const desk = new Images({ store, vms, groups, templates, commits, events, making });
  const [first] = (await desk.overview(never)).images;
  return first?.usedBy ?? assert.fail("it is listed");
}

async function ownedVm(): Promise<void> {
  const image = await host.parts.images.resolve("base", never);
  await vms.add(
    {
      group: aGroup({}),
      kind: "persistent",
      hostname: "b".repeat(52),
      wantedAddress: undefined,
      spec: { ...aVmRecord({}).spec, tags: [], secrets: [] },
      image,
      diskBytes: image.rootfs.virtualSizeBytes,
      layer: undefined,
      origin: { how: "boot", why: undefined },
      owner: "0x1111",
    },
    never,
  );
}

describe("images", () => {
  test("are used by groups that name them, while the name leads to them", async () => {
    assert.deepEqual(await usersOf(anImage("base"), true), ["host group sbox"]);
    assert.deepEqual(await usersOf(anImage("base"), false), []);
  });

  test("are used by VMs by their ids; those of other owners are only counted", async () => {
    const { record } = await vms.create("sbox", aRequest({ kind: "persistent" }), never);
    await ownedVm();
    const image = { ...anImage("other"), id: record.imageId };
    assert.deepEqual(await usersOf(image, true), [record.hostname, "a VM of another owner"]);
    assert.deepEqual(await usersOf(anImage("other"), true), []);
  });

  test("are not made where VMs are fake", async () => {
    const { groups, usedTemplates: templates, events } = host;
    const commits = fakeCommits(host, vms);
    const store = host.parts.images;
    const desk = new Images({ store, vms, groups, templates, commits, events, making: undefined });
    assert.equal((await desk.overview(never)).enabled, false);
    await assert.rejects(desk.remove("base", never), { code: "unsupported" });
    assert.throws(() => desk.cancel("none"), { code: "unsupported" });
  });
});
