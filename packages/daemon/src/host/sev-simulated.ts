/**
 * Fills the port for confidential guests without any hardware, for development and tests: the protocol is whole, and
 * nothing is confidential. The platform's certificates are made once; its key stays in a file of the daemon's.
 */

import type { KeyObject } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";

import { CERTIFICATE_BYTES, readCertificate } from "#core/aleph/confidential/certificate.ts";
import { formatKeys } from "#core/aleph/confidential/kept-keys.ts";
import { MAX_SECRET_BYTES } from "#core/aleph/confidential/packet.ts";
import { pointOf, readKey, writeKey } from "#core/aleph/confidential/platform-keys.ts";
import { acceptSession, newPlatform } from "#core/aleph/confidential/simulated-platform.ts";
import { Refusal } from "#core/aleph/refusal.ts";
import type {
  ConfidentialBackend,
  ConfidentialPlan,
  LaunchFiles,
  LaunchOrder,
} from "#core/aleph/ports/confidential-backend.ts";

import { mustBeFirmware } from "./sev-firmware.ts";
import { SevSessions } from "./sev-sessions.ts";

/** where sevctl's export is expected, below the directory for confidential computing */
export const CERTIFICATES_FILE = "platform/certs_export.cert";
const KEY_FILE = "platform/simulated-pdh.pem";

export const CHAIN_BYTES = 4 * CERTIFICATE_BYTES;

export interface SimulatedSevDirectories {
  readonly directory: string;
  readonly sessionDirectory: string;
}

interface Platform {
  readonly key: KeyObject;
  readonly certificates: Uint8Array;
}

export class SimulatedSev implements ConfidentialBackend {
  readonly kind = "simulated";
  readonly #platform: Platform;
  readonly #sessions: SevSessions;

  private constructor(platform: Platform, sessions: SevSessions) {
    this.#platform = platform;
    this.#sessions = sessions;
  }

  /** Makes the platform the first time. @throws Error when its files are not each other's, or not to be read */
  static async open(at: SimulatedSevDirectories): Promise<SimulatedSev> {
    const platform = (await findPlatform(at.directory)) ?? (await makePlatform(at.directory));
    return new SimulatedSev(platform, new SevSessions(at.sessionDirectory));
  }

  async certificates(signal: AbortSignal): Promise<Uint8Array> {
    signal.throwIfAborted();
    return this.#platform.certificates;
  }

  check(launch: LaunchFiles, policy: number): void {
    acceptSession(launch, policy, this.#platform.key);
  }

  async planFor(
    { vmHash, launch, policy, firmwarePath }: LaunchOrder,
    signal: AbortSignal,
  ): Promise<ConfidentialPlan> {
    signal.throwIfAborted();
    const files = launch ?? (await this.#sessions.find(vmHash));
    if (!files) throw noSession();
    const keys = acceptSession(files, policy, this.#platform.key);
    await mustBeFirmware(firmwarePath);
    await this.#sessions.keep(vmHash, files);
    await this.#sessions.keepKeys(vmHash, formatKeys(keys));
    const keysPath = this.#sessions.paths(vmHash).keys;
    return { kind: "simulated", policy, firmwarePath, secretDiskBytes: MAX_SECRET_BYTES, keysPath };
  }

  async forget(vmHash: string): Promise<void> {
    await this.#sessions.forget(vmHash);
  }
}

export function noSession(): Refusal {
  const description = "Session field is missing";
  return new Refusal("bad request", description, { body: { code: "field_missing", description } });
}

async function findPlatform(directory: string): Promise<Platform | undefined> {
  const certificatesFile = path.join(directory, CERTIFICATES_FILE);
  const certificates = await readIfThere(certificatesFile);
  const pem = await readIfThere(path.join(directory, KEY_FILE));
  // The key is written first: without certificates nobody has seen anything of this platform.
  if (!certificates) return undefined;
  if (!pem) throw unusable(certificatesFile, "the key that belongs to it is missing");
  const key = readKey(pem.toString("utf8"));
  const pdh = readCertificate(certificates.subarray(0, CERTIFICATE_BYTES));
  const isOurs = pdh && Buffer.compare(pdh.key.x, pointOf(key).x) === 0;
  if (certificates.length === CHAIN_BYTES && isOurs) return { key, certificates };
  throw unusable(certificatesFile, "it does not belong to the key beside it");
}

async function makePlatform(directory: string): Promise<Platform> {
  const platform = newPlatform();
  await mkdir(path.join(directory, path.dirname(KEY_FILE)), { recursive: true, mode: 0o700 });
  await put(path.join(directory, KEY_FILE), Buffer.from(writeKey(platform.key)), 0o600);
  await put(path.join(directory, CERTIFICATES_FILE), platform.certificates, 0o644);
  return platform;
}

async function put(file: string, bytes: Uint8Array, mode: number): Promise<void> {
  const half = `${file}.new`;
  await rm(half, { force: true });
  await writeFile(half, bytes, { mode, flag: "wx", flush: true });
  await rename(half, file);
}

async function readIfThere(file: string): Promise<Buffer | undefined> {
  try {
    return await readFile(file);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

function unusable(file: string, problem: string): Error {
  return new Error(
    `The simulated platform of ${file} cannot be used: ${problem}. Remove its directory to have a new one made`,
  );
}
