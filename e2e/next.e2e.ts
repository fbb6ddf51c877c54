/** What is known of a VM and what can be changed about it: meters, tags, description, relaunch. */

import assert from "node:assert/strict";

import { sh } from "./harness/exec.ts";
import { asObject, asObjects, assertTime, textIn } from "./harness/json-value.ts";
import { GROUP, suite } from "./harness/test-host.ts";
import { until } from "./harness/until.ts";

suite("next", {}, (host, story) => {
  story("stats: a guest's meter moves; a paused guest stays in the list without one", async () => {
    const { api } = host;
    const [hostname, paused] = await Promise.all([host.createVm(), host.createVm()]);
    const first = asObject((await api.get(`/node/${hostname}/stats`)).json);
    const snapshot = asObject(first["snapshot"]);
    assert.deepEqual([first["hostname"], first["error"]], [hostname, ""]);
    assert.deepEqual([snapshot["hostname"], snapshot["totalCpus"]], [hostname, 1]);
    assertTime(snapshot["timestamp"]);
    const { totalMemory, memoryUsed, diskSpaceTotal, diskSpaceUsed, openFiles } = snapshot;
    assert.ok(Number(totalMemory) > 128 * 2 ** 20 && Number(totalMemory) <= 256 * 2 ** 20);
    assert.ok(Number(memoryUsed) > 0 && Number(memoryUsed) < Number(totalMemory));
    assert.ok(Number(diskSpaceUsed) > 0 && Number(diskSpaceUsed) < Number(diskSpaceTotal));
    assert.ok(Number.isInteger(openFiles)); // the kernel counts small numbers by estimate: it may say 0
    assert.match(textIn(snapshot, "uptime"), /^(\d+h)?(\d+m)?\d+(\.\d+)?s$/);

    await api.post(`/vm/${paused}/pause`);
    const nodes = asObjects((await api.get("/nodes/stats")).json);
    const byName = new Map(nodes.map((node) => [textIn(node, "hostname"), node]));
    assert.equal(asObject(byName.get(hostname)?.["snapshot"])["hostname"], hostname);
    assert.equal(byName.get(paused)?.["snapshot"], null);
    assert.match(textIn(byName.get(paused), "error"), /paused/);

    const asGo = { headers: { "accept-encoding": "gzip" } };
    const [forGo] = asObjects((await api.get(`/node/${hostname}/stats`, asGo)).json);
    assert.equal(forGo?.["hostname"], hostname);
    assert.equal((await api.get("/node/sbox-999/stats")).status, 404);
    for (const one of [hostname, paused]) await host.deleteVm(one);
  });

  story("tags and the friendly name are kept over a restart of the daemon", async () => {
    const { api } = host;
    const hostname = await host.createVm({ persistent: true, tags: ["a"] });
    const tags = `/vm/${hostname}/tags`;
    const change = await api.ask("PATCH", tags, {
      json: { add: ["name=web", "b c"], remove: ["a"] },
    });
    assert.deepEqual(
      [change.status, change.json],
      [200, { hostname, tags: ["name=web", "b c"] }],
      change.text,
    );
    const taken = await api.post(`/hostgroup/${GROUP}/nodes`, { json: { tags: ["name=web"] } });
    assert.equal(taken.status, 409, taken.text);
    const removed = await api.ask("PATCH", tags, { json: { remove: ["name=web"] } });
    assert.equal(removed.status, 400);
    await host.daemon.stop();
    await host.start();
    assert.deepEqual(asObject((await host.api.get(tags)).json)["tags"], ["name=web", "b c"]);
    const found = asObjects((await host.api.get("/nodes?tag=name%3Dweb")).json);
    assert.deepEqual(
      found.map((node) => node["hostname"]),
      [hostname],
    );
    await host.deleteVm(hostname);
  });

  story("a described VM says what it is made of", async () => {
    const hostname = await host.createVm();
    const described = asObject((await host.api.get(`/vm/${hostname}`)).json);
    // What goes on in the guest has stories of its own (background.e2e.ts).
    const { open_agent_connections, bg_execs, storage, image, network, ...node } = described;
    assert.deepEqual(node, await host.node(hostname));
    assert.ok(Number.isInteger(open_agent_connections));
    assert.deepEqual(bg_execs, []);
    assert.deepEqual([storage, image, asObject(network)["mode"]], ["image", "base", "user"]);
    await host.deleteVm(hostname);
  });

  story(
    "relaunch: the same disk and address, a new boot; its script does not run again",
    async () => {
      const { api } = host;
      const hostname = await host.createVm(
        { persistent: true, tags: ["kept"], userdata: "#!/bin/sh\necho once >> /root/ran\n" },
        { query: { wait: "userdata", timeout: "120s" } },
      );
      const before = asObject(await host.node(hostname));
      const boot = await sh(api, hostname, "sync; cat /proc/sys/kernel/random/boot_id");
      assert.equal((await api.post(`/vm/${hostname}/relaunch`)).status, 409);
      await api.post(`/vm/${hostname}/shutdown`, { json: {} });
      const answer = await api.post(`/vm/${hostname}/relaunch`); // in the middle of the stop
      assert.equal(answer.status, 200, answer.text);
      const { ip, tags, persistent } = asObject(answer.json);
      assert.deepEqual([ip, tags, persistent], [before["ip"], ["kept"], true]);
      await until("its agent answers", async () => {
        return (await api.ask("HEAD", `/vm/${hostname}/health`)).status === 200;
      });
      assert.notEqual(await sh(api, hostname, "cat /proc/sys/kernel/random/boot_id"), boot);
      assert.equal(await sh(api, hostname, "cat /root/ran"), "once");
      const health = asObject((await api.get(`/vm/${hostname}/health`)).json);
      assert.deepEqual([health["userdata_ran"], health["userdata_exit_code"]], [true, 0]);
      const { last_agent_call: called, ...after } = asObject(await host.node(hostname));
      assertTime(called);
      assert.deepEqual(after, before);
      await host.deleteVm(hostname);
      assert.deepEqual(host.dirs.vmDirs(), []);
    },
  );

  story("the daemon ends on request: 202 and nothing else, then an orderly end", async () => {
    const hostname = await host.createVm({ persistent: true });
    const { status, text, headers } = await host.api.post("/daemon/shutdown");
    assert.deepEqual([status, text, headers["content-type"]], [202, "", undefined]);
    assert.deepEqual(await host.daemon.ended, { code: 0, signal: null });
    await host.start();
    const [device] = asObjects((await host.api.get("/devices")).json);
    assert.deepEqual([device?.["hostname"], device?.["status"]], [hostname, "Stopped"]);
    await host.deleteVm(hostname);
  });
});
