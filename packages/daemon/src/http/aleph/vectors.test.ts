/** The requests of the network's own tools, over HTTP: every one of them gets the status and the bytes that the orchestrator gives. */

import assert from "node:assert/strict";
import { after, test } from "node:test";

import vectors from "#core/aleph/auth/fixtures/vectors.json" with { type: "json" };
import { VM_HASH } from "#testing/aleph-signers.ts";
import { surfaceWorld } from "#testing/aleph-surface.ts";
import { aView } from "#testing/aleph-views.ts";

import { alephApplication } from "./application.ts";

const { allocations } = vectors;
const world = surfaceWorld({
  ALEPH_VM_AUTHORIZED_ALLOCATION_SIGNERS: JSON.stringify(allocations.signers),
});
const app = await alephApplication(world.parts);
after(() => app.close());

/** what an answer looks like to somebody whose VM this is not */
const FOREIGN = [403, "Unauthorized sender"] as const;

for (const vector of vectors.operators) {
  test(`vectors over HTTP: operator ${vector.id} is answered with ${vector.status}`, async () => {
    const owner = "address" in vector ? vector.address : "nobody";
    world.views.set(VM_HASH, aView(VM_HASH, owner));
    const { signedPubKey, signedOperation } = vector;
    const headers = {
      ...(signedPubKey === undefined ? {} : { "x-signedpubkey": signedPubKey }),
      ...(signedOperation === undefined ? {} : { "x-signedoperation": signedOperation }),
    };
    const url = vector.hasQuery ? `${vector.path}?erase_volumes=true` : vector.path;
    const method = vector.method === "GET" ? "GET" : "POST";
    const { statusCode, body } = await app.inject({ method, url, headers });
    if (vector.status === 200) {
      const verb = vector.path.endsWith("/reinstall") ? "Reinstalled" : "Stopped";
      const done = method === "GET" ? "[]" : `${verb} VM with ref ${VM_HASH}`;
      assert.deepEqual([statusCode, body], [200, done]);
      world.views.set(VM_HASH, aView(VM_HASH, "somebody else"));
      const foreign = await app.inject({ method, url, headers });
      assert.deepEqual([foreign.statusCode, foreign.body], FOREIGN);
    } else {
      const words = `{"error": ${JSON.stringify(vector.error)}}`;
      assert.deepEqual([statusCode, body], [vector.status, words]);
    }
  });
}

for (const { id, authorization, status } of allocations.cases) {
  test(`vectors over HTTP: allocation ${id} is answered with ${status}`, async () => {
    const request = {
      method: "POST",
      url: allocations.path,
      headers: { authorization },
      payload: allocations.body,
    } as const;
    const { statusCode, body } = await app.inject(request);
    const refused = '{"error": "Authentication token received is invalid"}';
    const done = '{"success": true, "successful": [], "failing": [], "stopped": [], "errors": {}}';
    assert.deepEqual([statusCode, body], [status, status === 200 ? done : refused]);
    const again = await app.inject(request);
    assert.deepEqual([again.statusCode, again.body], [401, refused]);
  });
}

test("vectors over HTTP: of two that are the same and come at once, one counts", async () => {
  const fresh = surfaceWorld({
    ALEPH_VM_AUTHORIZED_ALLOCATION_SIGNERS: JSON.stringify(allocations.signers),
  });
  const another = await alephApplication(fresh.parts);
  const authorization = allocations.cases.find(({ id }) => id === "ok")?.authorization ?? "";
  const both = await Promise.all(
    [1, 2].map(() =>
      another.inject({
        method: "POST",
        url: allocations.path,
        headers: { authorization },
        payload: allocations.body,
      }),
    ),
  );
  await another.close();
  const statuses = both.map(({ statusCode }) => statusCode).toSorted((one, two) => one - two);
  assert.deepEqual(statuses, [200, 401]);
});
