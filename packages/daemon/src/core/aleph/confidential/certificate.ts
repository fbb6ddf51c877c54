/**
 * SEV certificates of version 1: 2084 bytes, little endian. Keys on curves only; the processors' own RSA
 * certificates are of another kind. Source: AMD's SEV API, appendix C.
 *
 *     0 version   4 firmware   8 usage   12 algorithm   16 key (1028)   1044 two signatures (520 each)
 */

export const CERTIFICATE_BYTES = 2084;

const KEY_AT = 16;
const COORDINATE_BYTES = 72;
const KEY_BYTES = 1028;
const SIGNED_BYTES = KEY_AT + KEY_BYTES;
const SIGNATURE_BYTES = 520;

export const USAGE = { none: 0x1000, oca: 0x1001, pek: 0x1002, pdh: 0x1003, cek: 0x1004 } as const;
export const ALGORITHM = {
  none: 0,
  ecdsaSha256: 2,
  ecdhSha256: 3,
  ecdsaSha384: 0x102,
  ecdhSha384: 0x103,
} as const;

export type Curve = "P-256" | "P-384";

const CURVES: Readonly<Record<number, Curve>> = { 1: "P-256", 2: "P-384" };
const CURVE_NUMBERS: Readonly<Record<Curve, number>> = { "P-256": 1, "P-384": 2 };
const CURVE_BYTES: Readonly<Record<Curve, number>> = { "P-256": 32, "P-384": 48 };

/** A point: coordinates big endian, as long as the curve's numbers are. */
export interface PublicPoint {
  readonly curve: Curve;
  readonly x: Uint8Array;
  readonly y: Uint8Array;
}

export interface CertificateSignature {
  /** of the key that signed */
  readonly usage: number;
  readonly algorithm: number;
  /** big endian, 48 bytes or fewer */
  readonly r: Uint8Array;
  readonly s: Uint8Array;
}

export interface SevCertificate {
  readonly firmware: { readonly major: number; readonly minor: number };
  readonly usage: number;
  readonly algorithm: number;
  readonly key: PublicPoint;
  /** two at most */
  readonly signatures: readonly CertificateSignature[];
}

export function writeCertificate(certificate: SevCertificate): Buffer {
  const bytes = Buffer.alloc(CERTIFICATE_BYTES);
  const { firmware, usage, algorithm, key } = certificate;
  bytes.writeUInt32LE(1, 0);
  bytes.writeUInt8(firmware.major, 4);
  bytes.writeUInt8(firmware.minor, 5);
  bytes.writeUInt32LE(usage, 8);
  bytes.writeUInt32LE(algorithm, 12);
  bytes.writeUInt32LE(CURVE_NUMBERS[key.curve], KEY_AT);
  writeReversed(bytes, key.x, KEY_AT + 4);
  writeReversed(bytes, key.y, KEY_AT + 4 + COORDINATE_BYTES);
  for (const slot of [0, 1]) {
    const at = SIGNED_BYTES + slot * SIGNATURE_BYTES;
    const signature = certificate.signatures[slot];
    bytes.writeUInt32LE(signature?.usage ?? USAGE.none, at);
    bytes.writeUInt32LE(signature?.algorithm ?? ALGORITHM.none, at + 4);
    if (!signature) continue;
    writeReversed(bytes, signature.r, at + 8);
    writeReversed(bytes, signature.s, at + 8 + COORDINATE_BYTES);
  }
  return bytes;
}

/** @returns what signatures are over */
export function signedBytes(certificate: Uint8Array): Uint8Array {
  return certificate.subarray(0, SIGNED_BYTES);
}

/** @returns `undefined` for what is no certificate of version 1 with a key on a curve */
export function readCertificate(bytes: Uint8Array): SevCertificate | undefined {
  if (bytes.length !== CERTIFICATE_BYTES) return undefined;
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const curve = CURVES[view.readUInt32LE(KEY_AT)];
  if (view.readUInt32LE(0) !== 1 || curve === undefined) return undefined;
  const size = CURVE_BYTES[curve];
  return {
    firmware: { major: view.readUInt8(4), minor: view.readUInt8(5) },
    usage: view.readUInt32LE(8),
    algorithm: view.readUInt32LE(12),
    key: {
      curve,
      x: reversed(view, KEY_AT + 4, size),
      y: reversed(view, KEY_AT + 4 + COORDINATE_BYTES, size),
    },
    signatures: [0, 1].flatMap((slot) => signatureAt(view, slot, size)),
  };
}

function signatureAt(view: Buffer, slot: number, size: number): readonly CertificateSignature[] {
  const at = SIGNED_BYTES + slot * SIGNATURE_BYTES;
  const usage = view.readUInt32LE(at);
  if (usage === USAGE.none) return [];
  const algorithm = view.readUInt32LE(at + 4);
  const [r, s] = [reversed(view, at + 8, size), reversed(view, at + 8 + COORDINATE_BYTES, size)];
  return [{ usage, algorithm, r, s }];
}

function writeReversed(bytes: Buffer, value: Uint8Array, at: number): void {
  bytes.set(value.toReversed(), at);
}

function reversed(view: Buffer, at: number, size: number): Uint8Array {
  return Uint8Array.from(view.subarray(at, at + size)).toReversed();
}
