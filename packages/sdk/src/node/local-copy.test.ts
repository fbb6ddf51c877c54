import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, test } from "node:test";

import { AlcoveInputError } from "../input-error.ts";
import { withClient } from "../testing/with-host.ts";

async function inFolder(story: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), "alcove-copy-"));
  try {
    await story(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe("local copies", { timeout: 60_000 }, () => {
  test("a file goes in with its mode and comes out under its name", async () => {
    await inFolder(async (folder) => {
      await withClient({}, async (client, host) => {
        const vm = client.vms.attach("sbox", "vm-1");
        const content = Buffer.alloc(700_000, "x");
        await writeFile(path.join(folder, "run.sh"), content, { mode: 0o750 });
        let bytes = 0;
        const onBytes = (count: number): void => void (bytes += count);
        await vm.upload(path.join(folder, "run.sh"), "/srv/run.sh", { uid: 7, onBytes });
        assert.equal(bytes, content.length);
        assert.equal(
          host.seen.at(-1)?.query.toString(),
          "path=%2Fsrv%2Frun.sh&uid=7&permissions=0750&mode=cp-v1-binary&copy_semantics=cp-v1&source_name=run.sh&source_type=file",
        );
        await mkdir(path.join(folder, "out"));
        await vm.download("/srv/run.sh", path.join(folder, "out"), { permissions: "0600" });
        const copy = path.join(folder, "out/run.sh");
        assert.ok((await readFile(copy)).equals(content));
        assert.equal((await stat(copy)).mode & 0o777, 0o600);
      });
    });
  });

  test("a directory goes in without what is excluded, and comes out whole or not at all", async () => {
    await inFolder(async (folder) => {
      await withClient({}, async (client, host) => {
        const vm = client.vms.attach("sbox", "vm-1");
        await mkdir(path.join(folder, "app/sub"), { recursive: true });
        await writeFile(path.join(folder, "app/sub/a"), "A");
        await writeFile(path.join(folder, "app/b.log"), "B");
        await symlink("a", path.join(folder, "app/link"));
        const left: string[] = [];
        const onSkip = (name: string): void => void left.push(name);
        await vm.upload(path.join(folder, "app"), "/app", { exclude: ["*.log"], onSkip });
        assert.deepEqual(left, ["link"]);
        await vm.download("/app", path.join(folder, "copy"));
        assert.equal(await readFile(path.join(folder, "copy/sub/a"), "utf8"), "A");
        assert.deepEqual(await readdir(path.join(folder, "copy")), ["sub"]);
        host.files.set("/app", host.files.get("/app")?.subarray(0, 700) ?? Buffer.alloc(0));
        await assert.rejects(vm.download("/app", path.join(folder, "half")));
        assert.deepEqual((await readdir(folder)).toSorted(), ["app", "copy"]);
      });
    });
  });

  test("what cannot be a source or a target is said, and an abort leaves nothing", async () => {
    await inFolder(async (folder) => {
      await withClient({}, async (client, host) => {
        const vm = client.vms.attach("sbox", "vm-1");
        await assert.rejects(vm.upload(path.join(folder, "none"), "/x"), AlcoveInputError);
        await assert.rejects(vm.upload(folder, "/x", { mode: "binary" }), /is a directory/);
        host.files.set("/f", Buffer.from("x"));
        await assert.rejects(vm.download("/f", path.join(folder, "none/")), /not a directory/);
        await assert.rejects(vm.download("/none", path.join(folder, "x")), { status: 404 });
        const reason = new Error("enough");
        const signal = AbortSignal.abort(reason);
        await assert.rejects(vm.download("/f", path.join(folder, "x"), { signal }), reason);
        assert.deepEqual(await readdir(folder), []);
      });
    });
  });
});
