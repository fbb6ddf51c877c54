/** Disks of stopped VMs, kept for others to begin with: contract B6, on real guests. */

import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";

import { sh } from "./harness/exec.ts";
import { asObject, asObjects, textIn } from "./harness/json-value.ts";
import { assertSound, layersOf } from "./harness/sound-disks.ts";
import { suite, type TestHost } from "./harness/test-host.ts";
import { until } from "./harness/until.ts";

const MIB = 1024 * 1024;

const HASH = "sha256sum /root/data | cut -d' ' -f1";
const IDENTITY =
  "hostname; cat /etc/machine-id; cat /etc/ssh/ssh_host_*_key.pub 2>/dev/null || true";

/** Powers a VM off from inside, so that its file system is whole. */
async function powerOff(host: TestHost, vm: string): Promise<void> {
  const { status, text } = await host.api.post(`/vm/${vm}/shutdown`);
  assert.equal(status, 200, text);
  // Slicer's word says so as soon as it is asked to.
  await until(`${vm} has ended`, async () => {
    return asObject((await host.api.get(`/v1/vms/${vm}`)).json)["phase"] === "stopped";
  });
}

async function commit(host: TestHost, vm: string, body: object = {}): Promise<string> {
  const answer = await host.api.post(`/vm/${vm}/commit`, { json: body });
  assert.equal(answer.status, 200, answer.text);
  return textIn(answer.json, "commit_id");
}

async function fork(host: TestHost, id: string, body: object = {}): Promise<string> {
  const query = { wait: "agent", timeout: "2m0s" };
  const answer = await host.api.post(`/vm/commits/${id}/fork`, { query, json: body });
  assert.equal(answer.status, 200, answer.text);
  assert.equal(asObject(answer.json)["child_status"], "running");
  return textIn(answer.json, "hostname");
}

async function relaunch(host: TestHost, vm: string): Promise<void> {
  const answer = await host.api.post(`/vm/${vm}/relaunch`);
  assert.equal(answer.status, 200, answer.text);
  await until(`${vm} answers`, async () => {
    return (await host.api.get(`/vm/${vm}/health`)).status === 200;
  });
}

function layers(host: TestHost): readonly string[] {
  return layersOf(host.dirs);
}

suite("commits", {}, (host, story) => {
  story(
    "a child begins with its parent's data, both go on by themselves, over generations and daemons",
    async () => {
      const userdata = "#!/bin/sh\necho once >> /root/userdata-ran\n";
      const body = { persistent: true, tags: ["of=parent"], userdata };
      const query = { wait: "userdata", timeout: "2m0s" };
      const parent = await host.createVm(body, { query });
      await sh(
        host.api,
        parent,
        `head -c ${8 * MIB} /dev/urandom > /root/data; mkdir -p /etc/ssh; ` +
          "echo old > /etc/ssh/ssh_host_rsa_key; echo old > /etc/ssh/ssh_host_rsa_key.pub",
      );
      const hash = await sh(host.api, parent, HASH);
      const identity = await sh(host.api, parent, IDENTITY);
      const running = await host.api.post(`/vm/${parent}/commit`);
      assert.equal(running.status, 409, running.text);
      await powerOff(host, parent);

      const first = await commit(host, parent, { cache_key: "data", labels: { of: "it" } });
      assert.equal(await commit(host, parent, { cache_key: "data" }), first);
      const child = await fork(host, first, { tags: ["of=child"] });

      assert.equal(await sh(host.api, child, HASH), hash);
      assert.equal(await sh(host.api, child, "cat /root/userdata-ran"), "once");
      const own = (await sh(host.api, child, IDENTITY)).split("\n");
      const [name, machineId, ...keys] = own;
      const [parentName, parentId] = identity.split("\n");
      assert.deepEqual([name, parentName], [child, parent]);
      assert.match(machineId ?? "", /^[0-9a-f]{32}$/);
      assert.notEqual(machineId, parentId);
      assert.equal(keys.length, 1);
      assert.match(keys[0] ?? "", /^ssh-ed25519 /);
      const described = asObject((await host.api.get(`/vm/${child}`)).json);
      assert.deepEqual(
        [described["parent_commit_id"], described["tags"]],
        [first, ["of=parent", "of=child"]],
      );

      await host.daemon.kill();
      await host.start();
      await relaunch(host, parent);
      await sh(host.api, parent, "echo parent > /root/mine; sync");
      await sh(host.api, child, "echo child > /root/mine; rm /root/data; sync");
      assert.equal(await sh(host.api, parent, HASH), hash);
      await powerOff(host, child);
      await powerOff(host, parent);

      const second = await commit(host, child);
      const third = await commit(host, parent);
      const grandchild = await fork(host, second, { persistent: false, vcpu: 1 });
      const sibling = await fork(host, third, { fixups: [] });
      const mine = "cat /root/mine; ls /root/data 2>/dev/null || echo none";
      assert.equal(await sh(host.api, grandchild, mine), "child\nnone");
      assert.equal(await sh(host.api, sibling, mine), "parent\n/root/data");
      assert.equal(await sh(host.api, sibling, "cat /etc/machine-id"), parentId);
      assert.notEqual(await sh(host.api, grandchild, "cat /etc/machine-id"), machineId);
      assert.equal(layers(host).length, 3);

      await powerOff(host, sibling);
      await host.deleteVm(grandchild);
      await assertSound(host.dirs);
      await relaunch(host, child);
      assert.equal(await sh(host.api, child, mine), "child\nnone");
      assert.equal(await sh(host.api, child, "cat /etc/machine-id"), machineId, "made new once");
    },
  );

  story(
    "a commit stays while its source or a child is there; then its layers go, too",
    async () => {
      const list = async () => asObjects((await host.api.get("/vm/commits")).json);
      for (const it of await list()) {
        const { status, text } = await host.api.delete(`/vm/commits/${textIn(it, "commit_id")}`);
        assert.equal(status, 409, text);
      }
      for (const vm of await host.hostnames()) await host.deleteVm(vm);
      for (const it of await list()) {
        const { status, text } = await host.api.delete(`/vm/commits/${textIn(it, "commit_id")}`);
        assert.equal(status, 200, text);
      }
      assert.deepEqual([await list(), layers(host)], [[], []]);
    },
  );

  story("what a killed daemon left of a commit is gone, or whole", async () => {
    const vm = await host.createVm({ persistent: true });
    await powerOff(host, vm);
    for (let n = 0; n < 4; n += 1) {
      const under = host.api
        .post(`/vm/${vm}/commit`, { json: { tags: [`n=${n}`] } })
        .catch(() => undefined);
      await delay(n * 3);
      await host.daemon.kill();
      await under;
      await host.start();
      await assertSound(host.dirs);
      await relaunch(host, vm);
      await sh(host.api, vm, `echo ${n} >> /root/count; sync`);
      await powerOff(host, vm);
    }
    const commits = asObjects((await host.api.get("/vm/commits")).json);
    assert.ok(layers(host).length <= commits.length);
    await relaunch(host, vm);
    assert.equal(await sh(host.api, vm, "cat /root/count"), "0\n1\n2\n3");
    await host.deleteVm(vm);
    for (const it of commits) await host.api.delete(`/vm/commits/${textIn(it, "commit_id")}`);
    assert.deepEqual(layers(host), []);
  });
});
