/**
 * Images beyond the small default: the full Debian with systemd, and a disk that was imported.
 * They are built with the real command when they are not there yet, which takes a minute.
 */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { rmSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";

import { IMAGES } from "./harness/can-run.ts";
import { exec, sh } from "./harness/exec.ts";
import { alcoveImage } from "./harness/image-tool.ts";
import { asObject, textIn } from "./harness/json-value.ts";
import { GROUP, suite } from "./harness/test-host.ts";
import { until } from "./harness/until.ts";

const BOOT_MS = 120_000;

const IMPORTED = `imported-${process.pid}`;

const run = promisify(execFile);

suite("images", { ALCOVE_GROUP_MEMORY_MIB: "512" }, (host, story) => {
  story("systemd: a full Debian comes up, its agent is a service of its own", async () => {
    await alcoveImage("build", "systemd");
    const hostname = await host.createVm({ disk_image: "systemd", persistent: true });
    const state = await until(
      "systemd has come up",
      async () => {
        const answer = await exec(host.api, hostname, {
          cmd: "systemctl",
          args: ["is-system-running"],
        });
        const word = answer.stdout.toString().trim();
        return !/^(initializing|starting|offline|)$/.test(word) && word;
      },
      BOOT_MS,
    );
    assert.equal(state, "running");
    assert.equal(await sh(host.api, hostname, "cat /proc/1/comm"), "systemd");
    assert.match(await sh(host.api, hostname, "journalctl -b --no-pager -n 400"), /alcove-agent/);
    const logs = asObject((await host.api.get(`/vm/${hostname}/logs?lines=0`)).json);
    assert.match(textIn(logs, "content"), /Reached target.*[Mm]ulti-[Uu]ser/);

    await exec(host.api, hostname, { cmd: "pkill", args: ["-KILL", "-f", "alcove-agent agent"] })
      // Its answer dies with it.
      .catch(() => undefined);
    await until("the agent is back", async () => {
      const health = await host.api.get(`/vm/${hostname}/health`);
      return health.status === 200;
    });

    await host.api.post(`/vm/${hostname}/shutdown`);
    const node = await host.untilStatus(hostname, "Stopped");
    assert.match(textIn(node, "status_reason"), /Shut down on request/);
    await host.deleteVm(hostname);
  });

  story("a qcow2 disk is imported, boots, and can be removed again", async () => {
    const base = asObject(JSON.parse(await alcoveImage("inspect", "base")));
    const { digest } = asObject(asObject(asObject(base["manifest"])["rootfs"])["blob"]);
    const disk = path.join(host.dirs.temp, "disk.qcow2");
    const blob = path.join(IMAGES, "blobs/sha256-4m", String(digest));
    await run("qemu-img", ["convert", "-f", "raw", "-O", "qcow2", blob, disk]);
    await alcoveImage("import", IMPORTED, disk);
    try {
      const hostname = await host.createVm({ disk_image: IMPORTED });
      assert.match(await sh(host.api, hostname, "cat /etc/debian_version"), /^12\./);
      await host.deleteVm(hostname);
    } finally {
      await alcoveImage("rm", IMPORTED);
      rmSync(disk);
    }
    const gone = await host.api.post(`/hostgroup/${GROUP}/nodes`, {
      json: { disk_image: IMPORTED },
    });
    assert.equal(gone.status, 400);
    assert.match(textIn(gone.json, "error"), new RegExp(IMPORTED));
  });

  story("removing an image that is not there names it", async () => {
    const missing = await alcoveImage("rm", "no-such-image").catch((error: unknown) => error);
    assert.match(String(asObject(missing)["stderr"]), /no-such-image/);
  });
});
