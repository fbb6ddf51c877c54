/** Whatever is changed of what an owner sends, it is refused. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { GuestOwner } from "../../../testing/guest-owner.ts";
import { Refusal } from "../refusal.ts";
import { CERTIFICATE_BYTES, readCertificate, signedBytes } from "./certificate.ts";
import { launchDigest } from "./measurement.ts";
import { HEADER_BYTES, MAX_SECRET_BYTES, openPacket, sealPacket } from "./packet.ts";
import { isSignedBy, newKey } from "./platform-keys.ts";
import { diskSecretOf, diskSecretTable } from "./secret-table.ts";
import { SESSION_BYTES } from "./session.ts";
import { SimulatedLaunch } from "./simulated-launch.ts";
import { acceptSession, newPlatform, ownerCertificate } from "./simulated-platform.ts";

const PLATFORM = newPlatform();
const OWNER = new GuestOwner();
const FILES = OWNER.session(PLATFORM.certificates, 1);

/** end of the key's coordinates in a certificate with a key on P-384 */
const X_AT = 20;
const Y_AT = X_AT + 72;

function changed(text: string, at: number, bits = 0x01): string {
  const bytes = Buffer.from(text, "base64");
  bytes[at] = (bytes[at] ?? 0) ^ bits;
  return bytes.toString("base64");
}

function isRefused(error: unknown): boolean {
  return Refusal.is(error, "bad request") && JSON.stringify(error.body).includes("invalid_field");
}

function chain(): readonly Buffer[] {
  const { certificates } = PLATFORM;
  return [0, 1, 2, 3].map((at) =>
    certificates.subarray(at * CERTIFICATE_BYTES, (at + 1) * CERTIFICATE_BYTES),
  );
}

test("every byte of a session counts", () => {
  for (let at = 0; at < SESSION_BYTES; at += 1) {
    const session = changed(FILES.session, at);
    assert.throws(() => acceptSession({ ...FILES, session }, 1, PLATFORM.key), isRefused);
  }
});

test("every byte of an owner's key, its curve and its use counts", () => {
  const places = [0, 8, 9, 16, ...range(X_AT, X_AT + 48), ...range(Y_AT, Y_AT + 48)];
  for (const at of places) {
    const godh = changed(FILES.godh, at);
    assert.throws(() => acceptSession({ ...FILES, godh }, 1, PLATFORM.key), isRefused);
  }
});

test("a session of another size, or in other letters than base64, is refused", () => {
  for (const session of ["", "AAAA", `${FILES.session}AAAA`, "!".repeat(172), "not base64"]) {
    assert.throws(() => acceptSession({ ...FILES, session }, 1, PLATFORM.key), isRefused);
  }
});

test("a session in lines is the same session", () => {
  const session = `${FILES.session.slice(0, 76)}\n${FILES.session.slice(76)}\n`;
  assert.deepEqual(acceptSession({ ...FILES, session }, 1, PLATFORM.key), OWNER.keys);
});

test("a session for another policy is refused, and the refusal says so", () => {
  assert.throws(() => acceptSession(FILES, 3, PLATFORM.key), /was not made for policy 3/);
});

test("a session for another platform is refused", () => {
  assert.throws(() => acceptSession(FILES, 1, newPlatform().key), /this platform's certificates/);
});

test("a session with another owner's certificate is refused", () => {
  const godh = ownerCertificate(newKey()).toString("base64");
  assert.throws(() => acceptSession({ ...FILES, godh }, 1, PLATFORM.key), isRefused);
});

function begun(): SimulatedLaunch {
  const digest = launchDigest(Buffer.from("firmware"));
  return SimulatedLaunch.begin(OWNER.keys, { policy: 1, digest, nonce: Buffer.alloc(16, 7) });
}

test("every byte of a packet counts", () => {
  const launch = begun();
  const sealed = OWNER.seal("hunter2", launch.measure().launchMeasure);
  for (let at = 0; at < HEADER_BYTES; at += 1) {
    const packetHeader = changed(sealed.packetHeader, at);
    assert.throws(() => launch.open({ ...sealed, packetHeader }), /does not fit/);
  }
  const { length } = Buffer.from(sealed.secret, "base64");
  for (let at = 0; at < length; at += 1) {
    const secret = changed(sealed.secret, at);
    assert.throws(() => launch.open({ ...sealed, secret }), /does not fit/);
  }
  assert.equal(diskSecretOf(launch.open(sealed)), "hunter2");
});

test("a packet of another launch does not fit, though session and firmware are the same", () => {
  const digest = launchDigest(Buffer.from("firmware"));
  const other = SimulatedLaunch.begin(OWNER.keys, { policy: 1, digest, nonce: Buffer.alloc(16) });
  const sealed = OWNER.seal("hunter2", other.measure().launchMeasure);
  assert.throws(() => begun().open(sealed), /does not fit/);
});

test("a packet that was proved with another key does not fit", () => {
  const launch = begun();
  const liar = new GuestOwner({ tek: OWNER.keys.tek, tik: Buffer.alloc(16) });
  const sealed = liar.seal("hunter2", launch.measure().launchMeasure);
  assert.throws(() => launch.open(sealed), /does not fit/);
});

test("a guest that runs takes no secret, and goes on being measured the same", () => {
  const launch = begun();
  const before = launch.measure();
  const sealed = OWNER.seal("hunter2", before.launchMeasure);
  launch.runs();
  assert.throws(() => launch.open(sealed), /runs already/);
  assert.deepEqual(launch.measure(), { ...before, info: { ...before.info, state: "running" } });
});

test("a launch that was kept goes on as it was", () => {
  const kept = JSON.stringify(begun().state);
  const launch = SimulatedLaunch.restore(JSON.parse(kept));
  assert.deepEqual(launch.measure(), begun().measure());
});

const ODD_TABLES: readonly [what: string, bytes: number][] = [
  ["nothing", 0],
  ["no whole blocks", 40],
  ["more than a page", MAX_SECRET_BYTES + 16],
];

for (const [what, bytes] of ODD_TABLES) {
  test(`a packet with ${what} is refused though it is proved`, () => {
    const measure = Buffer.alloc(32);
    const packet = sealPacket(
      { table: Buffer.alloc(bytes), iv: Buffer.alloc(16), measure },
      OWNER.keys,
    );
    assert.equal(openPacket(packet, OWNER.keys, measure), undefined);
  });
}

test("a chain verifies as sevctl's does: OCA by itself, PEK by OCA and CEK, PDH by PEK", () => {
  const [pdh, pek, oca, cek] = chain();
  assert.ok(pdh && pek && oca && cek);
  assert.ok(isSigned(oca, oca) && isSigned(pek, oca) && isSigned(pek, cek) && isSigned(pdh, pek));
  assert.ok(isSigned(cek, cek));
  assert.ok(!isSigned(pdh, oca) && !isSigned(oca, pek) && !isSigned(pek, pdh));
});

test("certificates say what they are for, in sevctl's order", () => {
  const read = chain().map((bytes) => readCertificate(bytes));
  assert.deepEqual(
    read.map((one) => [one?.usage, one?.algorithm, one?.key.curve, one?.signatures.length]),
    [
      [0x1003, 3, "P-384", 1],
      [0x1002, 2, "P-384", 2],
      [0x1001, 2, "P-384", 1],
      [0x1004, 2, "P-384", 1],
    ],
  );
});

test("a certificate's signature is over all that comes before it", () => {
  const [pdh, pek] = chain();
  assert.ok(pdh && pek);
  for (const at of [4, 5, 8, 12, 16, X_AT, Y_AT, 163, 1043]) {
    const other = Buffer.from(pdh);
    other[at] = (other[at] ?? 0) ^ 1;
    assert.ok(!isSigned(other, pek), `byte ${at}`);
  }
});

test("what is no certificate is none", () => {
  const [pdh = Buffer.alloc(0)] = chain();
  assert.equal(readCertificate(pdh.subarray(1)), undefined);
  assert.equal(readCertificate(Buffer.alloc(CERTIFICATE_BYTES)), undefined);
});

test("a table that was cut or holds something else has no passphrase", () => {
  const table = diskSecretTable("hunter2", "sdk");
  assert.equal(diskSecretOf(table.subarray(0, 30)), undefined);
  assert.equal(diskSecretOf(Buffer.alloc(64)), undefined);
  const other = Buffer.from(table);
  other[20] = 0;
  assert.equal(diskSecretOf(other), undefined);
  const endless = Buffer.from(table);
  endless.writeUInt32LE(0, 36);
  assert.equal(diskSecretOf(endless), undefined);
});

/** As the `sev` library does: any signature of the certificate will do. */
function isSigned(certificate: Buffer, signer: Buffer): boolean {
  const [by, read] = [readCertificate(signer), readCertificate(certificate)];
  if (!by || !read) return false;
  return read.signatures.some(
    (one) =>
      one.usage === by.usage &&
      one.algorithm === 2 &&
      isSignedBy(by.key, signedBytes(certificate), one),
  );
}

function range(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}
