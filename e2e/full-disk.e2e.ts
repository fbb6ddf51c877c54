/**
 * A host whose disk is full: nothing new is begun, and VMs that run out of room stand still until there is
 * some, losing nothing. The host has a small file system of its own, which takes root to mount.
 */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after } from "node:test";

import { exec, sh } from "./harness/exec.ts";
import { asObject, textIn } from "./harness/json-value.ts";
import { GROUP, suite, type TestHost } from "./harness/test-host.ts";
import { until } from "./harness/until.ts";

const MIB = 1024 ** 2;
const RESERVE_MIB = 64;

const freeBytes = (host: TestHost) => {
  const { bavail, bsize } = statfsSync(host.dirs.root);
  return bavail * bsize;
};

/** Takes room from the host until so much is left. @returns gives it back */
function ballast(host: TestHost, leaveBytes: number): () => void {
  const file = path.join(host.dirs.scratch, "ballast");
  writeFileSync(file, Buffer.alloc(Math.max(0, freeBytes(host) - leaveBytes)));
  return () => rmSync(file);
}

function smallFileSystem(): void {
  const directory = mkdtempSync(path.join(tmpdir(), "alcove-full-"));
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=320m,mode=0711", "alcove-full", directory]);
  process.env["TMPDIR"] = directory; // where the harness makes the host's directories
  after(() => {
    execFileSync("umount", [directory]);
    rmdirSync(directory);
  });
}

function stories(): void {
  smallFileSystem();
  suite("full disk", { ALCOVE_DISK_RESERVE_MIB: String(RESERVE_MIB) }, (host, story) => {
    let vm = "";
    const node = async () => asObject(await host.node(vm));

    story("a VM that the disk has no room for is refused with how much is missing", async () => {
      const giveBack = ballast(host, (RESERVE_MIB - 8) * MIB);
      const answer = await host.api.post(`/hostgroup/${GROUP}/nodes`, { json: {} });
      giveBack();
      assert.deepEqual([answer.status, textIn(answer.json, "code")], [503, "no_capacity"]);
      assert.match(
        textIn(answer.json, "error"),
        /^Not enough disk space.*64 MiB needed.*free.*short/,
      );
      assert.deepEqual([await host.hostnames(), host.dirs.vmDirs()], [[], []]);
    });

    story(
      "a VM that runs out of room stands still and says why, to everybody who asks",
      async () => {
        vm = await host.createVm({ persistent: true });
        await sh(
          host.api,
          vm,
          "head -c 100M /dev/urandom > /root/a && sync && sha256sum /root/a > /root/sum",
        );
        const giveBack = ballast(host, 40 * MIB);
        const writing = exec(host.api, vm, {
          cmd: "cat /root/a > /root/b; sync",
          shell: "/bin/sh",
        });
        const stalled = await until("it stands still", async () => {
          const now = await node();
          return typeof now["status_reason"] === "string" && now;
        });
        assert.match(textIn(stalled, "status_reason"), /the host's disk is full/);
        assert.deepEqual([stalled["status"], stalled["phase"]], ["Running", "running"]);

        const health = await host.api.get(`/vm/${vm}/health`);
        assert.deepEqual([health.status, textIn(health.json, "code")], [503, "no_capacity"]);
        assert.match(textIn(health.json, "error"), /stands still: the host's disk is full/);
        const work = await host.api.post(`/vm/${vm}/exec`, { query: { cmd: "true" } });
        assert.equal(work.status, 503, work.text);
        const resumed = await host.api.post(`/vm/${vm}/resume`);
        assert.equal(resumed.status, 503, resumed.text);
        await until("the log has it", () => host.daemon.events("vm.stalled").length > 0);

        giveBack();
        const { exitCode } = await writing;
        assert.equal(host.daemon.events("vm.stalled").length, 1);
        assert.equal(exitCode, 0);
        await until(
          "it says nothing any more",
          async () => (await node())["status_reason"] === undefined,
        );
        assert.equal(
          await sh(host.api, vm, "cmp /root/a /root/b && sha256sum -c /root/sum"),
          "/root/a: OK",
        );
        assert.doesNotMatch(await sh(host.api, vm, "dmesg"), /I\/O error|EXT4-fs error/);
        await sh(host.api, vm, "rm /root/b && sync");
      },
    );

    story("the next daemon finds such a VM, and lets it go on when there is room", async () => {
      const giveBack = ballast(host, 40 * MIB);
      const writing = exec(host.api, vm, { cmd: "cat /root/a > /root/c; sync", shell: "/bin/sh" });
      writing.catch(() => undefined); // it dies with the daemon
      await until("it stands still", async () => (await node())["status_reason"] !== undefined);
      await host.daemon.kill();
      giveBack();
      await host.start();
      await until(
        "it goes on",
        async () => (await host.api.get(`/vm/${vm}/health`)).status === 200,
      );
      assert.equal((await node())["phase"], "running");
      assert.equal(await sh(host.api, vm, "sha256sum -c /root/sum"), "/root/a: OK");
      await host.deleteVm(vm);
    });
  });
}

if (process.getuid?.() === 0) stories();
