/** Both ways to fill the port for confidential guests, without the hardware of either. */

import assert from "node:assert/strict";
import { readFile, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";

import { parseKeys } from "#core/aleph/confidential/kept-keys.ts";
import { Refusal } from "#core/aleph/refusal.ts";

import { GuestOwner } from "../testing/guest-owner.ts";
import { tempDir } from "../testing/temp-dir.ts";
import { HardwareSev } from "./sev-hardware.ts";
import { CHAIN_BYTES, SimulatedSev } from "./sev-simulated.ts";

const never = new AbortController().signal;

const VM = "ab".repeat(32);

function directoriesIn(base: string): { directory: string; sessionDirectory: string } {
  return {
    directory: path.join(base, "confidential"),
    sessionDirectory: path.join(base, "sessions"),
  };
}

async function firmwareIn(base: string, bytes = 8192): Promise<string> {
  const file = path.join(base, "firmware.fd");
  await writeFile(file, Buffer.alloc(bytes, 7));
  return file;
}

async function modeOf(file: string): Promise<number> {
  return (await stat(file)).mode & 0o777;
}

test("simulated sev: certificates are made once, and the key is for nobody else", async () => {
  await using base = await tempDir();
  const at = directoriesIn(base.path);
  const first = await (await SimulatedSev.open(at)).certificates(never);
  const second = await (await SimulatedSev.open(at)).certificates(never);

  assert.equal(first.length, 8336);
  assert.deepEqual(Buffer.from(first), Buffer.from(second));
  const platform = path.join(at.directory, "platform");
  assert.deepEqual(await readFile(path.join(platform, "certs_export.cert")), Buffer.from(first));
  assert.equal(await modeOf(path.join(platform, "simulated-pdh.pem")), 0o600);
});

test("simulated sev: a daemon that died before the certificates were written begins anew", async () => {
  await using base = await tempDir();
  const at = directoriesIn(base.path);
  await SimulatedSev.open(at);
  await rm(path.join(at.directory, "platform/certs_export.cert"));

  const certificates = await (await SimulatedSev.open(at)).certificates(never);

  const again = await SimulatedSev.open(at);
  again.check(new GuestOwner().session(certificates, 1), 1);
});

const DAMAGE: readonly [what: string, file: string, complaint: RegExp][] = [
  ["without its key", "simulated-pdh.pem", /is missing/],
  ["with another's certificates", "certs_export.cert", /does not belong to the key/],
];

for (const [what, file, complaint] of DAMAGE) {
  test(`simulated sev: a platform ${what} is not used, and what to do is said`, async () => {
    await using base = await tempDir();
    const at = directoriesIn(base.path);
    await SimulatedSev.open(at);
    const damaged = path.join(at.directory, "platform", file);
    if (file.endsWith(".pem")) await rm(damaged);
    else await writeFile(damaged, Buffer.alloc(CHAIN_BYTES));

    await assert.rejects(SimulatedSev.open(at), complaint);
    await assert.rejects(SimulatedSev.open(at), /Remove its directory/);
  });
}

test("simulated sev: a plan has no secret in it, and its keys are kept where only the daemon reads them", async () => {
  await using base = await tempDir();
  const at = directoriesIn(base.path);
  const sev = await SimulatedSev.open(at);
  const owner = new GuestOwner();
  const launch = owner.session(await sev.certificates(never), 3);
  const firmwarePath = await firmwareIn(base.path);

  const plan = await sev.planFor({ vmHash: VM, launch, policy: 3, firmwarePath }, never);

  assert.equal(plan.kind, "simulated");
  const keysPath = path.join(at.sessionDirectory, VM, "keys.json");
  assert.deepEqual(plan, {
    kind: "simulated",
    policy: 3,
    firmwarePath,
    secretDiskBytes: 4096,
    keysPath,
  });
  assert.equal(await modeOf(keysPath), 0o600);
  assert.equal(await modeOf(path.dirname(keysPath)), 0o700);
  assert.deepEqual(parseKeys(await readFile(keysPath, "utf8")), owner.keys);
  const kept = await readFile(path.join(at.sessionDirectory, VM, "vm_session.b64"), "utf8");
  assert.equal(kept, launch.session);
});

test("simulated sev: a VM that is started again takes the session it had, and none once it is forgotten", async () => {
  await using base = await tempDir();
  const sev = await SimulatedSev.open(directoriesIn(base.path));
  const launch = new GuestOwner().session(await sev.certificates(never), 1);
  const firmwarePath = await firmwareIn(base.path);
  const order = { vmHash: VM, policy: 1, firmwarePath };
  await sev.planFor({ ...order, launch }, never);

  assert.equal((await sev.planFor({ ...order, launch: undefined }, never)).kind, "simulated");

  await sev.forget(VM);
  await sev.forget(VM);
  await assert.rejects(sev.planFor({ ...order, launch: undefined }, never), (error) => {
    return Refusal.is(error, "bad request") && JSON.stringify(error.body).includes("field_missing");
  });
});

test("simulated sev: a session for another policy leaves nothing behind", async () => {
  await using base = await tempDir();
  const at = directoriesIn(base.path);
  const sev = await SimulatedSev.open(at);
  const launch = new GuestOwner().session(await sev.certificates(never), 1);
  const order = { vmHash: VM, launch, policy: 5, firmwarePath: await firmwareIn(base.path) };

  await assert.rejects(sev.planFor(order, never), /was not made for policy 5/);

  await assert.rejects(stat(path.join(at.sessionDirectory, VM)), { code: "ENOENT" });
});

for (const bytes of [0, 4095, 9 * 1024 * 1024]) {
  test(`sev: firmware of ${bytes} bytes is refused before any machine is made`, async () => {
    await using base = await tempDir();
    const sev = await SimulatedSev.open(directoriesIn(base.path));
    const launch = new GuestOwner().session(await sev.certificates(never), 1);
    const firmwarePath = await firmwareIn(base.path, bytes);

    const order = { vmHash: VM, launch, policy: 1, firmwarePath };
    await assert.rejects(sev.planFor(order, never), /firmware of this VM cannot be used/);
  });
}

/** A program in sevctl's place. */
async function sevctlIn(base: string, script: string): Promise<string> {
  const file = path.join(base, "sevctl");
  await writeFile(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return file;
}

async function hardware(base: string, script: string): Promise<HardwareSev> {
  return new HardwareSev({
    ...directoriesIn(base),
    sevctlPath: await sevctlIn(base, script),
    checkSessionSizes: true,
    bits: { cbitpos: 51, reducedPhysBits: 1 },
  });
}

const EXPORT = `[ "$1" = export ] && head -c ${CHAIN_BYTES} /dev/zero > "$2" && echo export >> "$0.log"`;

test("sev: certificates are exported by sevctl once, and kept", async () => {
  await using base = await tempDir();
  const sev = await hardware(base.path, EXPORT);

  const [one, other] = await Promise.all([sev.certificates(never), sev.certificates(never)]);
  const later = await (await hardware(base.path, EXPORT)).certificates(never);

  assert.ok(one.length === CHAIN_BYTES && other === one && later.length === CHAIN_BYTES);
  assert.equal(await readFile(path.join(base.path, "sevctl.log"), "utf8"), "export\n");
});

for (const [what, script] of [
  ["fails", "echo no firmware >&2; exit 1"],
  ["exports half", 'echo half > "$2"'],
] as const) {
  test(`sev: a sevctl that ${what} is told of, and asked again`, async () => {
    await using base = await tempDir();
    const sev = await hardware(base.path, script);

    await assert.rejects(sev.certificates(never), (error) => Refusal.is(error, "failed"));
    await sevctlIn(base.path, EXPORT);

    assert.equal((await sev.certificates(never)).length, CHAIN_BYTES);
  });
}

test("sev: a plan carries the message's policy, the host's address bits and the owner's files", async () => {
  await using base = await tempDir();
  const sev = await hardware(base.path, EXPORT);
  const firmwarePath = await firmwareIn(base.path);
  const launch = { session: "c2Vzc2lvbg==", godh: "Z29kaA==" };

  const plan = await sev.planFor({ vmHash: VM, launch, policy: 7, firmwarePath }, never);

  const own = path.join(base.path, "sessions", VM);
  const [sessionPath, godhPath] = [path.join(own, "vm_session.b64"), path.join(own, "vm_godh.b64")];
  const bits = { cbitpos: 51, reducedPhysBits: 1 };
  assert.deepEqual(plan, { kind: "sev", policy: 7, firmwarePath, sessionPath, godhPath, ...bits });
  assert.equal(await readFile(godhPath, "utf8"), launch.godh);
});

test("sev: sizes of session and godh are looked at where the node asks for it", async () => {
  await using base = await tempDir();
  const sev = await hardware(base.path, EXPORT);
  const right = { session: base64(128), godh: base64(2084) };

  sev.check(right, 1);
  for (const wrong of [{ session: base64(127) }, { godh: base64(0) }]) {
    assert.throws(
      () => sev.check({ ...right, ...wrong }, 1),
      (error) =>
        Refusal.is(error, "bad request") && JSON.stringify(error).includes("invalid_field"),
    );
  }
});

function base64(bytes: number): string {
  return Buffer.alloc(bytes).toString("base64");
}
