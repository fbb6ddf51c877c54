/**
 * A platform without a processor that protects memory: it has certificates, and opens sessions that were made for
 * them, as the real one does. Its root is its own: nobody vouches for it.
 */

import type { KeyObject } from "node:crypto";

import { Refusal } from "../refusal.ts";
import type { LaunchFiles } from "../ports/confidential-backend.ts";
import {
  ALGORITHM,
  type CertificateSignature,
  readCertificate,
  type SevCertificate,
  signedBytes,
  USAGE,
  writeCertificate,
} from "./certificate.ts";
import { fromBase64 } from "./octets.ts";
import { newKey, pointOf, sharedSecret, signWith } from "./platform-keys.ts";
import { openSession, readSession, type TransportKeys } from "./session.ts";
import { SIMULATED_API } from "./simulated-launch.ts";

type Usage = (typeof USAGE)[keyof typeof USAGE];

export interface NewPlatform {
  /** that sessions are made for: the only private key that is needed again */
  readonly key: KeyObject;
  /** PDH, PEK, OCA and CEK as sevctl exports them */
  readonly certificates: Buffer;
}

/** The owner's root signs itself and the PEK, the chip's key signs itself and the PEK, and that signs the PDH. */
export function newPlatform(): NewPlatform {
  const [pdh, pek, oca, cek] = [newKey(), newKey(), newKey(), newKey()];
  const { oca: byOca, pek: byPek, cek: byCek } = USAGE;
  const chain = [
    certificate(pdh, USAGE.pdh, [[pek, byPek]]),
    certificate(pek, USAGE.pek, [
      [oca, byOca],
      [cek, byCek],
    ]),
    certificate(oca, USAGE.oca, [[oca, byOca]]),
    certificate(cek, USAGE.cek, [[cek, byCek]]),
  ];
  return { key: pdh, certificates: Buffer.concat(chain) };
}

/**
 * What an owner's session holds.
 * @param key the platform's
 * @throws Refusal `bad request` when the session is none, or for another platform or policy
 */
export function acceptSession(
  { session, godh }: LaunchFiles,
  policy: number,
  key: KeyObject,
): TransportKeys {
  const owner = ownerOf(godh);
  const shared = owner && sharedSecret(key, owner.key);
  if (!shared) throw invalid("godh", "is not an owner's certificate on P-384 in base64");
  const blob = fromBase64(session);
  const read = blob && readSession(blob);
  if (!read) throw invalid("session", "is not a session of 128 bytes in base64");
  const keys = openSession(read, shared, policy);
  if (keys === "other platform") {
    throw invalid("session", "was not made for this platform's certificates and this godh");
  }
  if (keys === "other policy") throw invalid("session", `was not made for policy ${policy}`);
  return keys;
}

/** An owner's certificate; nobody has signed it. */
export function ownerCertificate(key: KeyObject): Buffer {
  return writeCertificate({
    firmware: { major: 0, minor: 0 },
    usage: USAGE.pdh,
    algorithm: ALGORITHM.ecdhSha256,
    key: pointOf(key),
    signatures: [],
  });
}

function ownerOf(godh: string): SevCertificate | undefined {
  const bytes = fromBase64(godh);
  const read = bytes && readCertificate(bytes);
  return read?.usage === USAGE.pdh ? read : undefined;
}

function certificate(
  key: KeyObject,
  usage: Usage,
  signers: readonly (readonly [key: KeyObject, usage: Usage])[],
): Buffer {
  const { ecdsaSha256, ecdhSha256 } = ALGORITHM;
  const unsigned: SevCertificate = {
    firmware: SIMULATED_API,
    usage,
    algorithm: usage === USAGE.pdh ? ecdhSha256 : ecdsaSha256,
    key: pointOf(key),
    signatures: [],
  };
  const message = signedBytes(writeCertificate(unsigned));
  const signatures = signers.map(([signer, by]): CertificateSignature => ({
    usage: by,
    algorithm: ecdsaSha256,
    ...signWith(signer, message),
  }));
  return writeCertificate({ ...unsigned, signatures });
}

function invalid(field: string, problem: string): Refusal {
  const description = `The ${field} ${problem}`;
  return new Refusal("bad request", description, { body: { code: "invalid_field", description } });
}
