import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { withClient } from "./testing/with-host.ts";

describe("images", { timeout: 60_000 }, () => {
  test("what there is, what is made of it, and the calling off of that", async () => {
    await withClient({}, async ({ images }, host) => {
      const { images: all, imports, recipes } = await images.list();
      assert.deepEqual(
        all.map(({ name, diskBytes, usedBy }) => [name, diskBytes, usedBy]),
        [["base", 2 ** 20, []]],
      );
      assert.deepEqual([imports.disks[0]?.file, recipes[0]?.name], ["a.qcow2", "base"]);
      const build = await images.build("base", { fresh: true });
      assert.deepEqual([build.what, build.state, build.fraction], ["build", "working", 0.5]);
      assert.deepEqual(JSON.parse(String(host.seen.at(-1)?.body)), { recipe: "base", fresh: true });
      const order = { name: "mine", file: "a.qcow2", root: "/dev/vda1" };
      const taken = await images.import(order);
      assert.deepEqual(JSON.parse(String(host.seen.at(-1)?.body)), order);
      assert.equal((await images.cancel(taken.id)).state, "cancelled");
      assert.equal((await images.remove("base")).freedBytes, 2 ** 20);
      await assert.rejects(images.remove("base"), { status: 404, code: "image_not_found" });
      await assert.rejects(images.cancel("none"), { status: 404, code: "image_work_not_found" });
    });
  });

  test("templates and pools, as a TypeScript program writes them", async () => {
    await withClient({}, async ({ templates }, host) => {
      const built = await templates.build({ vcpus: 1, memoryBytes: 2 ** 28 });
      assert.equal(built.stateBytes, 100 * 2 ** 20);
      const body = { vcpus: 1, memory_bytes: 2 ** 28 };
      assert.deepEqual(JSON.parse(String(host.seen.at(-1)?.body)), body);
      const begun = await templates.begin({ vcpus: 3 });
      assert.ok("state" in begun && begun.state === "building");
      assert.equal((await templates.list()).templates.length, 1);
      assert.equal((await templates.remove(built.id)).id, built.id);
    });
  });
});
