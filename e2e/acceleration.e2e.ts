/**
 * Which acceleration this host gives, found by booting.
 *
 * It cannot know the right answer for an unknown host; it checks that there is one in time, that
 * it is kept, and that machines boot with it.
 */

import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";

import {
  type AccelerationRequest,
  PROBE_DEADLINE_MS,
  probeAcceleration,
} from "../packages/daemon/src/drivers/qemu/acceleration.ts";
import { asRoot, config, dial, freshPlan, image, open } from "./parts/qemu-machines.ts";

const never = new AbortController().signal;

const state = await mkdtemp(path.join(tmpdir(), "acceleration-"));
after(() => rm(state, { recursive: true }));

function request(overrides: Partial<AccelerationRequest["config"]> = {}): AccelerationRequest {
  return {
    config: { ...config, ...overrides },
    kernelPath: image.kernel.path,
    scratchDir: path.join(state, "probe"),
    cachePath: path.join(state, "acceleration.json"),
  };
}

/** room for starting QEMU twice on a busy host, in `ms` */
const OVERHEAD_MS = 10_000;

test("acceleration: there is a verdict in time, it leaves only itself, and machines boot with it", async () => {
  const startedAt = performance.now();

  const verdict = await probeAcceleration(request(), never);

  const limit = PROBE_DEADLINE_MS.kvm + PROBE_DEADLINE_MS[verdict.accel] + OVERHEAD_MS;
  assert.ok(performance.now() - startedAt < limit);
  assert.match(verdict.reason, /^[A-Z].*\.$/);
  assert.deepEqual(await readdir(path.join(state, "probe")), []);
  await using machine = await open({ accel: verdict.accel }).boot(await freshPlan(), never);
  await using link = await dial(machine);
  assert.equal((await link.health(never)).agentVersion, image.agentVersion);
});

test("acceleration: a verdict is kept, and a damaged one is found anew", async () => {
  const first = await probeAcceleration(request(), never);
  const second = await probeAcceleration(request(), never);
  await writeFile(path.join(state, "acceleration.json"), "{");
  const third = await probeAcceleration(request(), never);

  assert.deepEqual(second, first);
  assert.ok(third.probedAt > first.probedAt);
});

const skip = asRoot ? false : "only root can run QEMU as somebody else";

test("acceleration: a verdict found with other permissions is not used", { skip }, async () => {
  const first = await probeAcceleration(request(), never);

  const second = await probeAcceleration(request({ users: undefined }), never);

  assert.notDeepEqual(second.probedAt, first.probedAt);
});

test("acceleration: aborting ends the probe with the caller's reason and leaves nothing", async () => {
  await rm(path.join(state, "acceleration.json"), { force: true });
  const reason = new Error("the daemon stops");
  const stopping = new AbortController();
  setTimeout(() => stopping.abort(reason), 150);

  await assert.rejects(probeAcceleration(request(), stopping.signal), reason);

  assert.deepEqual(await readdir(path.join(state, "probe")), []);
});
