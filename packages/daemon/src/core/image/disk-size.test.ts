import assert from "node:assert/strict";
import { test } from "node:test";

import { fakeImages } from "#drivers/fake/fake-images.ts";
import { GIB, MIB } from "#lib/bytes.ts";
import { aGroup, never } from "#testing/fake-host.ts";

import { AlcoveError } from "../errors.ts";
import { checkGroupDisks, rootDiskBytes } from "./disk-size.ts";

test("disk size: the image's own, or more in whole blocks, never less", async () => {
  const image = await fakeImages.resolve("base", never);
  assert.equal(rootDiskBytes(undefined, image), GIB);
  assert.equal(rootDiskBytes(GIB, image), GIB);
  assert.equal(rootDiskBytes(2 * GIB + 1, image), 2 * GIB + 4096);
  assert.throws(() => rootDiskBytes(512 * MIB, image), {
    code: "invalid_request",
    message:
      "storage_size: is 512 MiB, and the disk of image base has 1 GiB: a root disk cannot be smaller than its image",
  });
});

test("disk size: a group whose disks are too small stops the start; an image that is not there does not", async () => {
  const groups = [aGroup({}), aGroup({ name: "web", diskBytes: MIB })];
  await assert.rejects(checkGroupDisks(groups, fakeImages, never), {
    name: "StartRefused",
    message: /^Host group web: storage_size: is 1 MiB, and the disk of image base has 1 GiB/,
  });
  const none = {
    ...fakeImages,
    resolve: async (image: string) => {
      throw new AlcoveError("image_not_found", "none", { image });
    },
  };
  await checkGroupDisks(groups, none, never);
  await checkGroupDisks([aGroup({ diskBytes: 8 * GIB })], fakeImages, never);
});
