/** A VM's life through the API: created, listed, paused, restarted, shut down, deleted. */

import assert from "node:assert/strict";

import { exec, sh } from "./harness/exec.ts";
import { asObject, asObjects, assertTime, textIn } from "./harness/json-value.ts";
import { GROUP, suite } from "./harness/test-host.ts";
import { until } from "./harness/until.ts";

const NODES = `/hostgroup/${GROUP}/nodes`;
const bootId = "cat /proc/sys/kernel/random/boot_id";

suite("lifecycle", {}, (host, story) => {
  const hostnames = async (path: string) =>
    asObjects((await host.api.get(path)).json).map((node) => textIn(node, "hostname"));

  story("what the host and its group say", async () => {
    const info = asObject((await host.api.get("/info")).json);
    assert.deepEqual(
      [typeof info["version"], typeof info["git_commit"], info["platform"]],
      ["string", "string", "linux"],
    );
    assert.deepEqual((await host.api.get("/healthz", { token: null })).json, { status: "ok" });
    const head = await host.api.ask("HEAD", "/healthz", { token: null });
    assert.deepEqual([head.status, head.text], [200, ""]);
    const [group, ...others] = asObjects((await host.api.get("/hostgroup")).json);
    assert.deepEqual(others, []);
    const ram_bytes = 256 * 1024 * 1024;
    const { arch, ...rest } = asObject(group);
    assert.match(String(arch), /^(x86_64|aarch64)$/);
    assert.deepEqual(rest, { name: GROUP, count: 0, ram_bytes, cpus: 1, gpu_count: 0 });
  });

  story("a create without wait is listed at once, with its address", async () => {
    const answer = await host.api.post(NODES, { json: { tags: ["owner=ada", "x y"] } });
    assert.equal(answer.status, 201);
    const made = asObject(answer.json);
    const hostname = textIn(made, "hostname");
    assert.match(hostname, /^sbox-\d+$/);
    assert.match(textIn(made, "ip"), /^\d+\.\d+\.\d+\.\d+$/);
    assertTime(made["created_at"]);
    assert.equal(made["persistent"], false);
    const node = asObject(await host.node(hostname));
    assert.deepEqual(
      [node["hostgroup"], node["ip"], node["tags"], node["status"], node["cpus"]],
      [GROUP, made["ip"], ["owner=ada", "x y"], "Running", 1],
    );
    await host.deleteVm(hostname); // in the middle of its boot
    assert.deepEqual(await hostnames("/nodes"), []);
  });

  story("lists are filtered by tag, by prefix, and in the way Go's client asks", async () => {
    const create = async (tags: string[]) =>
      textIn((await host.api.post(NODES, { json: { tags } })).json, "hostname");
    const alice = await create(["user=alice"]);
    const bob = await create(["user=bob", "a b"]);
    assert.deepEqual(await hostnames("/nodes?tag=user%3Dalice"), [alice]);
    assert.deepEqual(await hostnames("/nodes?tag=user"), []);
    assert.deepEqual(await hostnames("/nodes?tag_prefix=user%3D"), [alice, bob]);
    assert.deepEqual(await hostnames("/nodes?tag=a+b"), [bob]);
    assert.deepEqual(await hostnames(`${NODES}?tag=user%3Dbob`), [bob]);
    assert.deepEqual(await hostnames(`${NODES}%3Ftag=user%253Dalice`), [alice]);
    assert.deepEqual(await hostnames(`${NODES}%3ftag=a%2Bb`), [bob]);
    assert.equal((await host.api.get("/nodes?tag=a&tag_prefix=b")).status, 400);
    for (const hostname of [alice, bob]) await host.deleteVm(hostname);
  });

  story("a wait that is too short answers 408 and leaves no VM", async () => {
    const answer = await host.api.post(NODES, {
      query: { wait: "agent", timeout: "50ms" },
      json: {},
    });
    assert.equal(answer.status, 408, answer.text);
    assert.match(textIn(answer.json, "error"), /not ready/);
    assert.deepEqual(await hostnames("/nodes"), []);
    assert.deepEqual(host.dirs.vmDirs(), []);
  });

  story("a client that leaves during the wait does not take the VM with it", async () => {
    const { api } = host;
    const request = api.begin("POST", NODES, { query: { wait: "agent" }, json: {} });
    request.on("error", () => {}); // it is cut off on purpose
    request.end("{}");
    const [hostname] = await until("the VM is listed", async () => {
      const found = await hostnames("/nodes");
      return found.length === 1 && found;
    });
    request.destroy();
    assert.ok(hostname);
    await until("its agent answers", async () => {
      return (await api.ask("HEAD", `/vm/${hostname}/health`)).status === 200;
    });
    await host.deleteVm(hostname);
  });

  story("wait=userdata waits until the first-boot script has ended", async () => {
    const hostname = await host.createVm(
      { userdata: "#!/bin/sh\nid -u > /root/who\nexit 3\n" },
      { query: { wait: "userdata", timeout: "120s" } },
    );
    assert.equal(await sh(host.api, hostname, "cat /root/who"), "0");
    const health = asObject((await host.api.get(`/vm/${hostname}/health`)).json);
    assert.equal(health["userdata_ran"], true);
    assert.equal(health["userdata_exit_code"], 3);
    assert.equal(health["hostname"], hostname);
    assert.ok(Number.isInteger(health["agent_uptime"]) && Number(health["agent_uptime"]) > 0);
    assert.ok(Number.isInteger(health["system_uptime"]) && Number(health["system_uptime"]) > 0);
    await host.deleteVm(hostname);
  });

  story("pause and resume, twice each; a paused VM refuses work with 409", async () => {
    const { api } = host;
    const hostname = await host.createVm();
    const before = await sh(api, hostname, bootId);
    for (const _ of [1, 2]) assert.equal((await api.post(`/vm/${hostname}/pause`)).status, 200);
    assert.equal(asObject(await host.node(hostname))["status"], "Paused");
    const refused = [
      api.post(`/vm/${hostname}/exec`, { query: { cmd: "true" } }),
      api.get(`/vm/${hostname}/cp`, { query: { path: "/etc/hostname" } }),
      api.post(`/vm/${hostname}/cp`, { query: { path: "/tmp/x" }, body: "x" }),
      api.get(`/vm/${hostname}/health`),
    ];
    const statuses = (await Promise.all(refused)).map(({ status }) => status);
    assert.deepEqual(statuses, [409, 409, 409, 409]);
    for (const _ of [1, 2]) {
      const resumed = await api.post(`/vm/${hostname}/resume`);
      assert.equal(resumed.status, 200);
      assert.match(String(resumed.headers["content-type"]), /^text\/plain/);
    }
    assert.equal(await sh(api, hostname, bootId), before);
    await api.post(`/vm/${hostname}/pause`);
    await host.deleteVm(hostname);
    assert.deepEqual(await hostnames("/nodes"), []);
  });

  story("a reboot keeps the VM and gives it a new boot id", async () => {
    const { api } = host;
    const hostname = await host.createVm();
    const before = await sh(api, hostname, bootId);
    const answer = await api.post(`/vm/${hostname}/shutdown`, { query: { action: "reboot" } });
    assert.equal(answer.status, 200, answer.text);
    await until("the agent of the new boot answers", async () => {
      const health = await api.get(`/vm/${hostname}/health`);
      if (health.status !== 200) return false;
      // The old boot may end under the question: then it is not answered yet.
      const now = await sh(api, hostname, bootId).catch(() => before);
      return now !== before;
    });
    assert.equal(asObject(await host.node(hostname))["status"], "Running");
    await host.deleteVm(hostname);
  });

  story("a sandbox is gone after its guest powers off", async () => {
    const hostname = await host.createVm();
    // The guest may end under the command: the stream breaks, or says so.
    await exec(host.api, hostname, { cmd: "kill -PWR 1", shell: "/bin/sh" }).catch(() => undefined);
    await host.untilGone(hostname);
    await until("its files are gone", () => host.dirs.vmDirs().length === 0);
    assert.equal((await host.api.get(`/vm/${hostname}/logs`)).status, 404);
  });

  story("shutdown is understood in the query and in a JSON body", async () => {
    const { api } = host;
    const [first, second] = await Promise.all([host.createVm(), host.createVm()]);
    const wrong = await api.post(`/vm/${first}/shutdown`, { query: { action: "explode" } });
    assert.equal(wrong.status, 400);
    const asked = await api.post(`/vm/${first}/shutdown`, { query: { action: "shutdown" } });
    assert.equal(asked.status, 200);
    assert.match(String(asked.headers["content-type"]), /^text\/plain/);
    const body = await api.post(`/vm/${second}/shutdown`, { json: { action: "shutdown" } });
    assert.equal(body.status, 200);
    await Promise.all([host.untilGone(first), host.untilGone(second)]);
  });

  story("a persistent VM stays, Stopped, refuses work with 409 and can be deleted", async () => {
    const { api } = host;
    const hostname = await host.createVm({ persistent: true });
    const answer = await api.post(`/vm/${hostname}/shutdown`, { json: {} });
    assert.equal(answer.status, 200, answer.text);
    const node = await host.untilStatus(hostname, "Stopped");
    assert.equal(node["persistent"], true);
    assert.equal((await api.post(`/vm/${hostname}/exec`, { query: { cmd: "id" } })).status, 409);
    assert.equal((await api.post(`/vm/${hostname}/shutdown`)).status, 200);
    await until("its machine is gone", () => host.dirs.runDirs().length === 0);
    assert.equal(host.dirs.vmDirs().length, 1);
    await host.deleteVm(hostname);
    assert.deepEqual(host.dirs.vmDirs(), []);
  });

  story("delete: another group 404, then 200 with its body, then 404", async () => {
    const { api } = host;
    const hostname = await host.createVm();
    assert.equal((await api.delete(`/hostgroup/other/nodes/${hostname}`)).status, 404);
    const answer = await api.delete(`${NODES}/${hostname}`);
    assert.equal(answer.status, 200);
    assert.deepEqual(answer.json, { message: "Node deleted", disk_removed: "true" });
    const again = await api.delete(`${NODES}/${hostname}`);
    assert.equal(again.status, 404);
    assert.match(String(again.headers["content-type"]), /^application\/json/);
    assert.match(textIn(again.json, "error"), new RegExp(hostname));
  });

  story("the console log: the last 20 lines, the last n, all, and what is refused", async () => {
    const { api } = host;
    const hostname = await host.createVm();
    await sh(api, hostname, "for n in $(seq 1 40); do echo line-$n > /dev/console; done");
    const logs = async (query: Record<string, string>) =>
      asObject((await api.get(`/vm/${hostname}/logs`, { query })).json);
    await until("the console's lines are in the log", async () =>
      textIn(await logs({ lines: "0" }), "content").includes("line-40"),
    );
    const last = await logs({});
    assert.deepEqual([last["hostname"], last["lines"], linesOf(last).length], [hostname, 20, 20]);
    assert.equal(linesOf(await logs({ lines: "" })).length, 20);
    assert.equal(linesOf(await logs({ lines: "5" })).length, 5);
    assert.equal((await logs({ lines: "0" }))["lines"], 0);
    for (const lines of ["-1", "many", "1.5"]) {
      assert.equal((await api.get(`/vm/${hostname}/logs`, { query: { lines } })).status, 400);
    }
    assert.equal((await api.get("/vm/sbox-999/logs")).status, 404);
    await host.deleteVm(hostname);
  });
});

function linesOf(logs: unknown): string[] {
  return textIn(logs, "content").replace(/\n$/, "").split("\n");
}
