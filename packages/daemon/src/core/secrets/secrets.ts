/**
 * The secrets of this host: what may be kept, and which of them a VM gets.
 *
 * Changes take turns. It keeps no content in memory: each use reads the vault.
 */

import { humanBytes, KIB, MIB } from "#lib/bytes.ts";
import { Turnstile } from "#lib/turnstile.ts";

import { AlcoveError, invalidRequest } from "../errors.ts";
import type { HostEvents } from "../events/host-events.ts";
import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import type { Secret, SecretFacts, SecretVault } from "../ports/secret-vault.ts";
import type { SecretBytes } from "./secret-bytes.ts";

export interface SecretsDeps {
  readonly vault: SecretVault;
  readonly events: Pick<HostEvents, "announce">;
  readonly clock: Clock;
  readonly log: Log;
}

/** `undefined` is "not said": the default when it is new, unchanged otherwise. */
export interface SecretChange {
  readonly content: SecretBytes | undefined;
  readonly mode: number | undefined;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
}

export interface NewSecret extends SecretChange {
  readonly name: string;
  readonly content: SecretBytes;
}

/** Which secrets a VM gets: `all` also means those that are added later, as of its next boot. */
export type SecretChoice = "all" | readonly string[];

export const MAX_SECRET_BYTES = MIB;
/** guests keep them in memory, and by default each gets all */
export const MAX_SECRETS_BYTES = 16 * MIB;
export const MAX_SECRETS = 256;
const MAX_NAME_LENGTH = 128;
const NAME = /^[A-Za-z0-9._-]+$/;
const DEFAULT_MODE = 0o600;
/** the largest number means "nobody said" to the kernel and to Slicer's clients */
const MAX_ID = 4_294_967_294;

export class Secrets {
  readonly #deps: SecretsDeps;
  readonly #turns = new Turnstile();

  constructor(deps: SecretsDeps) {
    this.#deps = deps;
  }

  /** all that can be read, by name; what is damaged is in the log */
  async list(): Promise<readonly SecretFacts[]> {
    const found: SecretFacts[] = [];
    for await (const secret of this.chosen("all")) found.push(factsOf(secret));
    return found;
  }

  /** @returns which of these there are */
  async namesOf(choice: SecretChoice): Promise<readonly string[]> {
    const names = await this.#deps.vault.names();
    return choice === "all" ? names : names.filter((name) => choice.includes(name));
  }

  /** @throws AlcoveError `invalid_request`, or `name_taken` */
  async create(wanted: NewSecret, signal: AbortSignal): Promise<void> {
    checkName(wanted.name);
    checkChange(wanted);
    using _turn = await this.#turns.enter(signal);
    const names = await this.#deps.vault.names();
    const { name, content, mode = DEFAULT_MODE, uid = 0, gid = 0 } = wanted;
    if (names.includes(name)) {
      throw new AlcoveError("name_taken", `There is a secret "${name}" already`, { name });
    }
    if (names.length >= MAX_SECRETS) {
      throw invalidRequest("name", `there are ${MAX_SECRETS} secrets already; delete one first`);
    }
    await this.#write({ name, content, mode, uid, gid });
  }

  /** @throws AlcoveError `secret_not_found`, `invalid_request`, or `secret_damaged` */
  async change(name: string, change: SecretChange, signal: AbortSignal): Promise<void> {
    checkChange(change);
    using _turn = await this.#turns.enter(signal);
    const before = (await this.#deps.vault.read(name)) ?? notFound(name);
    await this.#write({
      name,
      content: change.content ?? before.content,
      mode: change.mode ?? before.mode,
      uid: change.uid ?? before.uid,
      gid: change.gid ?? before.gid,
    });
  }

  /** Also one that is damaged. @throws AlcoveError `secret_not_found` */
  async remove(name: string, signal: AbortSignal): Promise<void> {
    using _turn = await this.#turns.enter(signal);
    if (!(await this.#deps.vault.remove(name))) notFound(name);
    this.#deps.log.info("secret.removed", { name });
    this.#deps.events.announce({ what: "secrets", name });
  }

  /**
   * Whether a VM can have these: each is there, and can be read.
   * @throws AlcoveError `invalid_request` for a name that is not there, or `secret_damaged`
   */
  async check(choice: SecretChoice): Promise<void> {
    if (choice === "all") return;
    if (choice.length > MAX_SECRETS) throw invalidRequest("secrets", `at most ${MAX_SECRETS}`);
    for (const name of new Set(choice)) {
      if (await this.#deps.vault.read(name)) continue;
      throw invalidRequest("secrets", `there is no secret "${name}"; create it first`);
    }
  }

  /** What a VM gets now, one at a time. What is gone or damaged by now is left out, and is in the log. */
  async *chosen(choice: SecretChoice): AsyncGenerator<Secret> {
    const { vault, log } = this.#deps;
    for (const name of choice === "all" ? await vault.names() : new Set(choice)) {
      try {
        const secret = await vault.read(name);
        if (secret) yield secret;
        else log.warn("secret.missing", { name });
      } catch (error) {
        if (!AlcoveError.is(error, "secret_damaged")) throw error;
        log.warn("secret.damaged", { name, error });
      }
    }
  }

  async #write(secret: Omit<Secret, "sizeBytes" | "modifiedAt">): Promise<void> {
    const { vault, events, clock, log } = this.#deps;
    const { name, content } = secret;
    await this.#checkTotal(name, content.sizeBytes);
    await vault.write({ ...secret, sizeBytes: content.sizeBytes, modifiedAt: clock.now() });
    log.info("secret.written", { name, sizeBytes: content.sizeBytes });
    events.announce({ what: "secrets", name });
  }

  async #checkTotal(name: string, sizeBytes: number): Promise<void> {
    const others = (await this.list()).filter((it) => it.name !== name);
    const total = others.reduce((sum, it) => sum + it.sizeBytes, sizeBytes);
    if (total <= MAX_SECRETS_BYTES) return;
    const most = humanBytes(MAX_SECRETS_BYTES);
    throw invalidRequest("data", `all secrets together may have ${most}; delete some first`);
  }
}

function checkName(name: string): void {
  const dots = name === "." || name === "..";
  if (!dots && name.length <= MAX_NAME_LENGTH && NAME.test(name)) return;
  const problem = `must be 1 to ${MAX_NAME_LENGTH} of A-Z, a-z, 0-9, ".", "_" and "-", and neither "." nor ".."`;
  throw invalidRequest("name", problem);
}

function checkChange({ content, mode, uid, gid }: SecretChange): void {
  if (content && content.sizeBytes > MAX_SECRET_BYTES) {
    throw invalidRequest("data", `may have at most ${MAX_SECRET_BYTES / KIB} KiB`);
  }
  if (mode !== undefined && mode > 0o777) {
    throw invalidRequest("permissions", "only the nine permission bits, such as 0600");
  }
  for (const [path, id] of [
    ["uid", uid],
    ["gid", gid],
  ] as const) {
    if (id !== undefined && id > MAX_ID) throw invalidRequest(path, `must be at most ${MAX_ID}`);
  }
}

function factsOf({ name, sizeBytes, mode, uid, gid, modifiedAt }: Secret): SecretFacts {
  return { name, sizeBytes, mode, uid, gid, modifiedAt };
}

function notFound(name: string): never {
  throw new AlcoveError("secret_not_found", `There is no secret "${name}"`, { name });
}
