import assert from "node:assert/strict";
import { test } from "node:test";

import { eventually } from "#testing/eventually.ts";
import { SlicerApi } from "#testing/slicer-api.ts";
import { silentDialer } from "#testing/troubles.ts";

async function statusOf(api: SlicerApi): Promise<unknown> {
  const node: { status: string; phase: string } = JSON.parse(
    (await api.call("GET /vm/sbox-1")).text,
  );
  return [node.status, node.phase];
}

test("slicer suspend: there and back, with text for people", async () => {
  await using api = await SlicerApi.make();
  await api.vm({ persistent: true });

  const suspended = await api.call("POST /vm/sbox-1/suspend");
  assert.deepEqual([suspended.status, suspended.text], [200, "Suspended"]);
  assert.match(suspended.type ?? "", /^text\/plain/);
  assert.deepEqual(await statusOf(api), ["Suspended", "suspended"]);

  const restored = await api.call("POST /vm/sbox-1/restore?wait=agent&timeout=10s");
  assert.deepEqual([restored.status, restored.text], [200, "Restored"]);
  assert.match(restored.type ?? "", /^text\/plain/);
  assert.deepEqual(await statusOf(api), ["Running", "running"]);
  assert.equal((await api.call("HEAD /vm/sbox-1/health")).status, 200);
});

test("slicer restore: without a wait it is answered when it is under way", async () => {
  await using api = await SlicerApi.make();
  await api.vm();
  await api.call("POST /vm/sbox-1/suspend");

  const { status, text } = await api.call("POST /vm/sbox-1/restore");

  assert.deepEqual([status, text], [200, "Restoring"]);
  await eventually("it runs", () => api.vms.get("sbox-1").phase === "running");
});

test("slicer suspend: nothing is done in a suspended VM", async () => {
  await using api = await SlicerApi.make();
  await api.vm();
  await api.call("POST /vm/sbox-1/suspend");

  for (const line of [
    "POST /vm/sbox-1/exec?cmd=true",
    "GET /vm/sbox-1/cp?path=/etc/hostname",
    "GET /vm/sbox-1/fs/stat?path=/etc",
    "GET /vm/sbox-1/health",
    "POST /vm/sbox-1/pause",
    "POST /vm/sbox-1/resume",
    "POST /vm/sbox-1/suspend",
    "POST /vm/sbox-1/relaunch",
  ]) {
    const { status, text } = await api.call(line);
    assert.equal(status, 409, `${line}: ${text}`);
  }
  assert.deepEqual(await statusOf(api), ["Suspended", "suspended"]);
});

test("slicer restore: what is not there, does not fit or is not understood", async () => {
  await using api = await SlicerApi.make();
  await api.vm();
  for (const [line, expected] of [
    ["POST /vm/sbox-9/suspend", 404],
    ["POST /vm/sbox-9/restore", 404],
    ["POST /vm/sbox-1/restore", 409],
    ["POST /vm/sbox-1/restore?wait=userdata", 400],
    ["POST /vm/sbox-1/restore?wait=agent&timeout=soon", 400],
  ] as const) {
    const { status, text } = await api.call(line);
    assert.equal(status, expected, `${line}: ${text}`);
  }
  await api.call("POST /vm/sbox-1/suspend");
  assert.equal((await api.call("POST /vm/sbox-1/restore?timeout=soon")).status, 200);
});

test("slicer restore: a wait that ends too early is 408, and the VM stays", async () => {
  const never = { isOn: false };
  await using api = await SlicerApi.make({
    parts: (host) => ({
      dialer: {
        dial: (endpoint, signal) =>
          (never.isOn ? silentDialer : host.dialer).dial(endpoint, signal),
      },
    }),
  });
  await api.vm();
  await api.call("POST /vm/sbox-1/suspend");
  never.isOn = true;

  const { status, text } = await api.call("POST /vm/sbox-1/restore?wait=agent&timeout=500ms");

  assert.equal(status, 408);
  assert.match(text, /did not answer within 0.5 s after its restore/);
  assert.deepEqual(await statusOf(api), ["Running", "running"]);
});

test("slicer suspend: a suspended VM is deleted, or gives up its memory when it is shut down", async () => {
  await using api = await SlicerApi.make();
  await api.vm();
  await api.vm({ persistent: true });
  for (const name of ["sbox-1", "sbox-2"]) await api.call(`POST /vm/${name}/suspend`);

  assert.equal((await api.call("DELETE /hostgroup/sbox/nodes/sbox-1")).status, 200);
  assert.equal((await api.call("GET /vm/sbox-1")).status, 404);
  assert.equal((await api.call("POST /vm/sbox-2/shutdown")).status, 200);
  await eventually("it is stopped", () => api.vms.get("sbox-2").phase === "stopped");
  assert.equal((await api.call("POST /vm/sbox-2/restore")).status, 409);
  assert.equal((await api.call("POST /vm/sbox-2/relaunch")).status, 200);
});

test("slicer restore: what the host cannot restore is said to whoever waits, and stays suspended", async () => {
  await using api = await SlicerApi.make();
  await api.vm();
  await api.call("POST /vm/sbox-1/suspend");
  api.host.world.memories.clear();

  const { status, text } = await api.call("POST /vm/sbox-1/restore?wait=agent&timeout=10s");

  assert.equal(status, 409);
  const { code, error }: { code: string; error: string } = JSON.parse(text);
  assert.equal(code, "state_unusable");
  assert.match(error, /^The saved machine cannot be restored: /);
  assert.deepEqual(await statusOf(api), ["Suspended", "suspended"]);
  assert.deepEqual(api.host.log.troubles(), ["vm.restore_failed"]);
});
