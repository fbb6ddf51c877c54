/** The owner of a confidential guest, as the network's tools play him: makes sessions and seals secrets. For tests. */

import { createPrivateKey, createECDH, createHash, type KeyObject, randomBytes } from "node:crypto";

import { CERTIFICATE_BYTES, readCertificate } from "#core/aleph/confidential/certificate.ts";
import {
  launchDigest,
  launchMeasure,
  MEASURE_BYTES,
} from "#core/aleph/confidential/measurement.ts";
import { sealPacket } from "#core/aleph/confidential/packet.ts";
import { newKey, sharedSecret } from "#core/aleph/confidential/platform-keys.ts";
import { diskSecretTable } from "#core/aleph/confidential/secret-table.ts";
import { sealSession, type TransportKeys, writeSession } from "#core/aleph/confidential/session.ts";
import { ownerCertificate } from "#core/aleph/confidential/simulated-platform.ts";
import type {
  LaunchFiles,
  Measurement,
  SealedSecret,
} from "#core/aleph/ports/confidential-backend.ts";

export class GuestOwner {
  readonly keys: TransportKeys;
  readonly #key: KeyObject;

  constructor(keys?: TransportKeys, key = newKey()) {
    this.keys = keys ?? { tek: randomBytes(16), tik: randomBytes(16) };
    this.#key = key;
  }

  /** @param certificates as `GET /about/certificates` answers them */
  session(certificates: Uint8Array, policy: number, fixed?: FixedSession): LaunchFiles {
    const pdh = readCertificate(certificates.subarray(0, CERTIFICATE_BYTES));
    const shared = pdh && sharedSecret(this.#key, pdh.key);
    if (!shared) throw new Error("the platform has no certificate");
    const { nonce, wrapIv } = fixed ?? { nonce: randomBytes(16), wrapIv: randomBytes(16) };
    const session = writeSession(sealSession(this.keys, shared, { nonce, wrapIv, policy }));
    const godh = ownerCertificate(this.#key);
    return { session: session.toString("base64"), godh: godh.toString("base64") };
  }

  /** What he trusts: nothing but his firmware, his keys and the arithmetic. */
  expects(firmware: Uint8Array, { info, launchMeasure: said }: Measurement): boolean {
    const { apiMajor: major, apiMinor: minor, buildId: build, policy } = info;
    const nonce = Buffer.from(said, "base64").subarray(MEASURE_BYTES);
    const launch = { api: { major, minor, build }, policy, digest: launchDigest(firmware), nonce };
    return launchMeasure(this.keys.tik, launch).toString("base64") === said;
  }

  /** @param measured as the measurement was answered, base64 */
  seal(passphrase: string, measured: string, iv: Uint8Array = randomBytes(16)): SealedSecret {
    const measure = Buffer.from(measured, "base64").subarray(0, MEASURE_BYTES);
    const table = diskSecretTable(passphrase, "sdk");
    const { header, encrypted } = sealPacket({ table, iv, measure }, this.keys);
    return { packetHeader: base64(header), secret: base64(encrypted) };
  }
}

export interface FixedSession {
  readonly nonce: Uint8Array;
  readonly wrapIv: Uint8Array;
}

/** The key whose private number is the SHA-384 of a sentence. */
export function keyOf(sentence: string): KeyObject {
  const d = createHash("sha384").update(sentence).digest();
  const pair = createECDH("secp384r1");
  pair.setPrivateKey(d);
  const point = pair.getPublicKey().subarray(1);
  const [x, y] = [point.subarray(0, 48), point.subarray(48)];
  const jwk = { kty: "EC", crv: "P-384", d: text(d), x: text(x), y: text(y) };
  return createPrivateKey({ key: jwk, format: "jwk" });
}

function text(part: Buffer): string {
  return part.toString("base64url");
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}
