import assert from "node:assert/strict";
import { readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";

import type { AlephSettings } from "#core/aleph/settings.ts";
import { alephSettings } from "#testing/aleph-settings.ts";
import { allocationFacts, allocationHeader } from "#testing/aleph-signers.ts";
import { FakeSource, OWNER, STRANGER } from "#testing/aleph-source.ts";
import { never } from "#testing/fake-host.ts";
import { RememberingLog } from "#testing/remembering-log.ts";
import { tempDir } from "#testing/temp-dir.ts";
import { systemClock } from "#core/ports/clock.ts";

import { openDoors } from "./aleph-doors.ts";

/** of OWNER; everybody knows it */
const SECRET = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
const ME = { kind: "wallet", address: STRANGER } as const;

function settingsIn(root: string, signers: string): AlephSettings {
  return alephSettings({
    ALEPH_VM_EXECUTION_ROOT: root,
    ALEPH_VM_AUTHORIZED_ALLOCATION_SIGNERS: signers,
  });
}

async function open(root: string, source = new FakeSource(), signers = OWNER) {
  return await openDoors(settingsIn(root, signers), source, new RememberingLog());
}

test("Aleph doors: the login secret is in a file that only its owner reads, and another one in each run", async () => {
  await using root = await tempDir();
  const file = path.join(root.path, "login_token");
  await writeFile(file, "an old one", { mode: 0o644 });
  using first = await open(root.path);
  assert.equal(await readFile(file, "utf8"), first.login.text);
  assert.equal((await stat(file)).mode & 0o777, 0o400);
  using second = await open(root.path);
  assert.notEqual(second.login.text, first.login.text);
  assert.equal(await readFile(file, "utf8"), second.login.text);
});

for (const signer of [OWNER.toLowerCase(), OWNER.toUpperCase(), OWNER.slice(0, -1), "nobody"]) {
  test(`Aleph doors: a node does not start with the signer ${signer}`, async () => {
    await using root = await tempDir();
    await assert.rejects(open(root.path, new FakeSource(), signer), {
      name: "StartRefused",
      message: /^ALEPH_VM_AUTHORIZED_ALLOCATION_SIGNERS names .* EIP-55/,
    });
  });
}

for (const hash of ["9F86D081".repeat(8), "9f86d081", "test"]) {
  test(`Aleph doors: ${hash} is no hash of a token`, () => {
    const env = { ALEPH_VM_ALLOCATION_TOKEN_HASH: hash };
    assert.throws(() => alephSettings(env), /ALLOCATION_TOKEN_HASH.*64 lower-case/);
  });
}

test("Aleph doors: a delegation that is taken back counts no more at once", async () => {
  await using root = await tempDir();
  const source = new FakeSource();
  const place = `${OWNER.toLowerCase()} security`;
  source.aggregates.set(place, { authorizations: [{ address: STRANGER }] });
  using doors = await open(root.path, source);
  assert.equal(await doors.ownership.mayOperate(ME, OWNER, never), true);
  source.aggregates.set(place, { authorizations: [] });
  source.change({ what: "aggregate", address: OWNER, key: "port-forwarding" });
  assert.equal(await doors.ownership.mayOperate(ME, OWNER, never), true);
  source.change({ what: "aggregate", address: OWNER, key: "security" });
  assert.equal(await doors.ownership.mayOperate(ME, OWNER, never), false);
});

test("Aleph doors: a signed request that was accepted counts no more in the next run", async () => {
  await using root = await tempDir();
  const accepted = async () => {
    using doors = await open(root.path);
    // Signed after the start: what was signed in a second before it does not count.
    const authorization = allocationHeader(SECRET, "{}", systemClock);
    const facts = allocationFacts("{}", { authorization });
    assert.deepEqual(await doors.door.caller(facts, "scheduler"), { kind: "administrator" });
    return facts;
  };
  const facts = await accepted();
  using next = await open(root.path);
  await assert.rejects(next.door.caller(facts, "scheduler"), { kind: "unauthorized" });
});
