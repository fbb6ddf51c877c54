/** Images made by the daemon itself: a disk imported and booted, a build called off, and what is refused. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdirSync, symlinkSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";

import { IMAGES } from "./harness/can-run.ts";
import { sh } from "./harness/exec.ts";
import { alcoveImage } from "./harness/image-tool.ts";
import { asObject, asObjects, type JsonObject, textIn } from "./harness/json-value.ts";
import { suite } from "./harness/test-host.ts";
import { until } from "./harness/until.ts";

const WORK_MS = 120_000;

const IMPORTED = `api-imported-${process.pid}`;

const run = promisify(execFile);

suite("image works", {}, (host, story) => {
  const list = async () => asObject((await host.api.get("/v1/images")).json);
  const workOf = async (id: string): Promise<JsonObject> => {
    const works = asObjects((await list())["works"]);
    return works.find((work) => work["id"] === id) ?? assert.fail(`no work ${id}`);
  };
  const make = async (json: unknown): Promise<string> => {
    const answer = await host.api.post("/v1/images", { json });
    assert.equal(answer.status, 202, answer.text);
    return textIn(answer.json, "id");
  };
  const ended = (id: string) =>
    until(
      "the work has ended",
      async () => {
        const work = await workOf(id);
        return work["ended_at"] !== undefined && work;
      },
      WORK_MS,
    );

  story("a disk becomes an image, VMs boot from it, and it goes when nobody needs it", async () => {
    const { directory } = asObject((await list())["imports"]);
    const base = asObject(JSON.parse(await alcoveImage("inspect", "base")));
    const { digest } = asObject(asObject(asObject(base["manifest"])["rootfs"])["blob"]);
    const blob = path.join(IMAGES, "blobs/sha256-4m", String(digest));
    const disk = path.join(String(directory), "disk.qcow2");
    await run("qemu-img", ["convert", "-f", "raw", "-O", "qcow2", blob, disk]);
    const work = await ended(await make({ name: IMPORTED, file: "disk.qcow2" }));
    assert.equal(work["state"], "done", JSON.stringify(work));
    try {
      const hostname = await host.createVm({ disk_image: IMPORTED });
      assert.match(await sh(host.api, hostname, "cat /etc/debian_version"), /^12\./);
      const refused = await host.api.delete(`/v1/images/${IMPORTED}`);
      assert.deepEqual([refused.status, textIn(refused.json, "code")], [409, "image_in_use"]);
      assert.match(textIn(refused.json, "error"), new RegExp(hostname));
      await host.deleteVm(hostname);
    } finally {
      const removed = await host.api.delete(`/v1/images/${IMPORTED}`);
      assert.equal(removed.status, 200, removed.text);
    }
  });

  story("the host's other files are no disks: neither by a path, nor behind a link", async () => {
    const { directory } = asObject((await list())["imports"]);
    symlinkSync("/etc/shadow", path.join(String(directory), "link.raw"));
    for (const file of ["/etc/shadow", "../auth/token", "link.raw", ".", ""]) {
      const answer = await host.api.post("/v1/images", { json: { name: "stolen", file } });
      assert.deepEqual([answer.status, textIn(answer.json, "code")], [400, "invalid_request"]);
    }
    const { disks } = asObject((await list())["imports"]);
    assert.deepEqual(
      asObjects(disks).map(({ file }) => file),
      ["disk.qcow2"],
    );
  });

  story(
    "a build is called off, leaves nothing, and does not keep the next from its turn",
    async () => {
      const build = await make({ recipe: "base", fresh: true });
      const next = await make({ recipe: "base" });
      assert.equal(next, build, "the same build is asked for once");
      await until("it is under way", async () => (await workOf(build))["step"] !== undefined);
      assert.equal((await host.api.delete(`/v1/images/works/${build}`)).status, 200);
      assert.equal((await ended(build))["state"], "cancelled");
      const again = await ended(await make({ recipe: "base" }));
      assert.equal(again["state"], "done", JSON.stringify(again));
      assert.deepEqual(readdirSync(path.join(IMAGES, "tmp")), []);
      assert.equal((await host.api.delete(`/v1/images/works/${build}`)).status, 200);
      assert.equal((await host.api.delete(`/v1/images/works/${build}`)).status, 404);
    },
  );
});
