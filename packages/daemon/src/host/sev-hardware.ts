/** Fills the port for confidential guests with AMD's SEV: certificates by sevctl, sessions handed to QEMU as they came. */

import { mkdir, readFile } from "node:fs/promises";
import path from "node:path";

import { Refusal } from "#core/aleph/refusal.ts";
import type {
  ConfidentialBackend,
  ConfidentialPlan,
  LaunchFiles,
  LaunchOrder,
} from "#core/aleph/ports/confidential-backend.ts";
import { within } from "#lib/patience.ts";
import { runText } from "#process/run.ts";

import { mustBeFirmware } from "./sev-firmware.ts";
import { SevSessions } from "./sev-sessions.ts";
import { CERTIFICATES_FILE, CHAIN_BYTES, noSession } from "./sev-simulated.ts";

/** how long sevctl may take, in `ms` */
const EXPORT_TIMEOUT_MS = 30_000;

/** sizes of what sevctl makes, without their base64 */
const SESSION_BYTES = 128;
const GODH_BYTES = 2084;

/** Where an address says that its page is encrypted, and what that costs of it. Source: QEMU's `query-sev-capabilities`. */
export interface AddressBits {
  readonly cbitpos: number;
  readonly reducedPhysBits: number;
}

export interface HardwareSevConfig {
  readonly directory: string;
  readonly sessionDirectory: string;
  /** absolute path of sevctl */
  readonly sevctlPath: string;
  readonly checkSessionSizes: boolean;
  readonly bits: AddressBits;
}

export class HardwareSev implements ConfidentialBackend {
  readonly kind = "sev";
  readonly #config: HardwareSevConfig;
  readonly #sessions: SevSessions;
  #exporting: Promise<Uint8Array> | undefined;

  constructor(config: HardwareSevConfig) {
    this.#config = config;
    this.#sessions = new SevSessions(config.sessionDirectory);
  }

  /** Exported once; asked again after a failure. */
  async certificates(signal: AbortSignal): Promise<Uint8Array> {
    signal.throwIfAborted();
    this.#exporting ??= this.#export().catch((error: unknown) => {
      this.#exporting = undefined;
      throw error;
    });
    return await this.#exporting;
  }

  /** Only the processor can open a session: what is seen here is its size. */
  check(launch: LaunchFiles, _policy: number): void {
    if (!this.#config.checkSessionSizes) return;
    mustHaveBytes("session", launch.session, SESSION_BYTES);
    mustHaveBytes("godh", launch.godh, GODH_BYTES);
  }

  async planFor(
    { vmHash, launch, policy, firmwarePath }: LaunchOrder,
    signal: AbortSignal,
  ): Promise<ConfidentialPlan> {
    signal.throwIfAborted();
    await mustBeFirmware(firmwarePath);
    if (launch) await this.#sessions.keep(vmHash, launch);
    else if (!(await this.#sessions.find(vmHash))) throw noSession();
    const { session: sessionPath, godh: godhPath } = this.#sessions.paths(vmHash);
    return { kind: "sev", policy, firmwarePath, sessionPath, godhPath, ...this.#config.bits };
  }

  async forget(vmHash: string): Promise<void> {
    await this.#sessions.forget(vmHash);
  }

  async #export(): Promise<Uint8Array> {
    const { directory, sevctlPath } = this.#config;
    const file = path.join(directory, CERTIFICATES_FILE);
    const kept = await readFile(file).catch(() => undefined); // not exported yet
    if (kept?.length === CHAIN_BYTES) return kept;
    try {
      await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
      const deadline = within(EXPORT_TIMEOUT_MS, new AbortController().signal);
      await runText({ file: sevctlPath, args: ["export", file] }, deadline);
      const exported = await readFile(file);
      if (exported.length === CHAIN_BYTES) return exported;
      throw new Error(`sevctl exported ${exported.length} bytes in place of ${CHAIN_BYTES}`);
    } catch (cause) {
      const message = "The platform's certificates could not be exported by sevctl";
      throw new Refusal("failed", message, { cause });
    }
  }
}

function mustHaveBytes(field: string, text: string, wanted: number): void {
  const { length } = Buffer.from(text, "base64");
  if (length === wanted) return;
  const description = `The ${field} holds ${length} bytes in place of ${wanted}`;
  throw new Refusal("bad request", description, { body: { code: "invalid_field", description } });
}
