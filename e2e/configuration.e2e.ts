/** Slicer's configuration file: its groups, the VMs that it declares, who may use the API, what it refuses. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after } from "node:test";

import { Daemon } from "./harness/daemon.ts";
import { sh } from "./harness/exec.ts";
import { asObject, asObjects, textIn } from "./harness/json-value.ts";
import { GROUP, suite } from "./harness/test-host.ts";
import { until } from "./harness/until.ts";

const directory = mkdtempSync(path.join(tmpdir(), "alcove-config-"));
after(() => rmSync(directory, { recursive: true, force: true }));

/** One group for the API and one with a declared VM. @returns the file's path */
function written(name: string, { count = 1, ramMb = 256, more = "" } = {}): string {
  const file = path.join(directory, name);
  const text = `# written by a test
config:
${more}
  host_groups:
    - name: ${GROUP}
      count: 0
      vcpu: 1
      ram_mb: 256
    - name: web
      count: ${count}
      vcpu: 1
      ram_mb: ${ramMb}
      storage: image
      storage_size: 4G
      userdata_file: ./first-boot.sh
`;
  writeFileSync(file, text);
  return file;
}

const MIB_IN_KIB = 1024;

writeFileSync(path.join(directory, "first-boot.sh"), "date +%s%N >> /root/first-boot\n");

/** the harness describes a group of its own in the environment, which must not speak of groups here */
const NO_GROUP = { ALCOVE_GROUP_VCPUS: "", ALCOVE_GROUP_MEMORY_MIB: "" };
const settings = { ...NO_GROUP, ALCOVE_CONFIG: written("slicer.yaml") };

suite("configuration", settings, (host, story) => {
  const ready = () =>
    until("the declared VM is ready", async () => {
      const { status, json } = await host.api.get("/vm/web-1/health");
      return status === 200 && asObject(json)["userdata_ran"] === true;
    });

  story(
    "the groups are the file's, and the declared VM is there without being asked for",
    async () => {
      const groups = asObjects((await host.api.get("/hostgroup")).json);
      assert.deepEqual(
        groups.map(({ name, count, cpus, ram_bytes: ram }) => [name, count, cpus, ram]),
        [
          [GROUP, 0, 1, 256 * 1024 * 1024],
          ["web", 1, 1, 256 * 1024 * 1024],
        ],
      );
      assert.deepEqual(await host.hostnames(), ["web-1"]);
      await ready();
      assert.match(await sh(host.api, "web-1", "cat /root/first-boot"), /^\d+$/);
      const rootKib = Number(await sh(host.api, "web-1", "df -k / | awk 'NR == 2 {print $2}'"));
      assert.ok(rootKib > 3.5 * MIB_IN_KIB * 1024, `the root file system has ${rootKib} KiB`);
      await sh(host.api, "web-1", "echo remembered > /root/note; sync");
    },
  );

  story("without an auth block TCP needs no token, and the log says so", async () => {
    assert.equal((await host.api.get("/nodes", { token: null })).status, 200);
    assert.equal(host.daemon.events("host.auth_off").length, 1);
    assert.equal(host.daemon.events("host.open_to_network").length, 0);
  });

  story(
    "a declared VM is protected; its group's others are not, and take other names",
    async () => {
      const refused = await host.api.delete("/hostgroup/web/nodes/web-1");
      assert.equal(refused.status, 403, refused.text);
      assert.match(textIn(refused.json, "error"), /declared in the configuration/);
      const made = await host.api.post("/hostgroup/web/nodes", { json: {} });
      assert.equal(made.status, 201, made.text);
      assert.equal(textIn(made.json, "hostname"), "web-2");
      assert.equal((await host.api.delete("/hostgroup/web/nodes/web-2")).status, 200);
    },
  );

  story("a declared VM that powers off stays down, and a relaunch has its disk", async () => {
    await host.api.post("/vm/web-1/shutdown");
    await host.untilStatus("web-1", "Stopped");
    const again = await host.api.post("/vm/web-1/relaunch");
    assert.equal(again.status, 200, again.text);
    await ready();
    assert.equal(await sh(host.api, "web-1", "cat /root/note"), "remembered");
  });

  story(
    "without a hypervisor in the file, as with Slicer's own, a guest that reboots ends its VM",
    async () => {
      const hostname = await host.createVm();
      await host.api.post(`/vm/${hostname}/exec`, { query: { cmd: "reboot", shell: "/bin/sh" } });
      await host.untilGone(hostname);
      assert.deepEqual(host.daemon.events("vm.crashed"), []);
    },
  );

  story(
    "the next daemon starts it again: the same disk, the new size, the token asked for",
    async () => {
      const firstBoot = await sh(host.api, "web-1", "cat /root/first-boot");
      assert.deepEqual(await host.daemon.stop(), { code: 0, signal: null });
      assert.deepEqual(host.dirs.machines(), []);
      const more = "  api: { auth: { enabled: true } }";
      await host.start({ ALCOVE_CONFIG: written("larger.yaml", { ramMb: 384, more }) });
      assert.equal((await host.api.get("/nodes", { token: null })).status, 401);
      await ready();
      assert.equal(await sh(host.api, "web-1", "cat /root/note"), "remembered");
      assert.equal(
        await sh(host.api, "web-1", "cat /root/first-boot"),
        firstBoot,
        "userdata ran twice",
      );
      const kib = Number(await sh(host.api, "web-1", "awk '/^MemTotal/ {print $2}' /proc/meminfo"));
      assert.ok(kib > 300 * MIB_IN_KIB, `the guest has ${kib} KiB`);
    },
  );

  story("a daemon that is killed costs it nothing: the next one finds it running", async () => {
    const bootId = "cat /proc/sys/kernel/random/boot_id";
    const before = await sh(host.api, "web-1", bootId);
    await host.daemon.kill();
    await host.start();
    assert.equal(await sh(host.api, "web-1", bootId), before);
  });

  story("what is wrong in a file stops the daemon, all of it told by line", async () => {
    const more = "  hypervisr: qemu\n  api: { port: many }\n  pci: { web-1: ['0000:01:00.0'] }";
    const wrong = written("wrong.yaml", { more });
    const daemon = Daemon.spawn(host.environment({ ALCOVE_CONFIG: wrong }));
    assert.deepEqual(await daemon.ended, { code: 1, signal: null });
    const reason = textIn(daemon.events("host.failed")[0], "reason");
    assert.deepEqual(reason.split("\n"), [
      `${wrong}:3: config.hypervisr is no key of the configuration; did you mean hypervisor?`,
      `${wrong}:4: config.api.port is "many"; it must be a whole number from 0 to 65535`,
      `${wrong}:5: config.pci passes devices through to VMs, which Alcove does not do`,
    ]);
  });

  story("what is done otherwise than a file says is told, and the daemon starts", async () => {
    await host.daemon.kill();
    const more = "  hypervisor: firecracker\n  network_name: slicer";
    await host.start({ ALCOVE_CONFIG: written("told.yaml", { more }) });
    const warnings = host.daemon.events("config.differs").map((line) => textIn(line, "warning"));
    assert.match(warnings[0] ?? "", /told\.yaml:3: config\.hypervisor is firecracker: .*QEMU/);
    assert.match(warnings[1] ?? "", /told\.yaml:4: config\.network_name names a CNI network/);
  });

  story("what a file does not declare any more is kept until somebody deletes it", async () => {
    await host.daemon.kill();
    await host.start({ ALCOVE_CONFIG: written("none.yaml", { count: 0 }) });
    assert.equal(host.daemon.events("service.let_go").length, 1);
    assert.equal(await sh(host.api, "web-1", "cat /root/note"), "remembered");
    const gone = await host.api.delete("/hostgroup/web/nodes/web-1");
    assert.equal(gone.status, 200, gone.text);
    assert.deepEqual(await host.hostnames(), []);
  });
});
