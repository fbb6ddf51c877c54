/** What is known of a VM and what can be changed about it: meters, tags, description, relaunch. */

import assert from "node:assert/strict";

import { asObject, asObjects, assertTime, textIn } from "./harness/json-value.ts";
import { suite } from "./harness/test-host.ts";

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
});
