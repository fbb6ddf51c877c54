/** What a node finds when it looks at itself. Answers are kept for a short time, and nothing is looked at twice at once. */

import type { Clock } from "../../ports/clock.ts";
import type { Connectivity, DiagnosticGuest, ProgramCalls } from "../ports/connectivity.ts";
import type { AlephSettings } from "../settings.ts";

export interface NodeChecksDeps {
  readonly settings: AlephSettings;
  readonly version: string;
  readonly clock: Clock;
  readonly connectivity: Connectivity;
  readonly programs: ProgramCalls;
  readonly guest: DiagnosticGuest;
}

export interface FamilyCheck {
  readonly egress: boolean;
  readonly dns: boolean;
  readonly domain: boolean;
  /** worth knowing, and no reason to call the host unwell */
  readonly http: boolean;
}

export interface HostCheck {
  readonly ipv4: FamilyCheck;
  readonly ipv6: FamilyCheck;
  readonly isWell: boolean;
}

export interface ProgramCheck {
  /** by the API's own names, in their order */
  readonly results: Readonly<Record<string, boolean>>;
  readonly isWell: boolean;
}

export class NodeChecks {
  readonly #deps: NodeChecksDeps;

  constructor(deps: NodeChecksDeps) {
    this.#deps = deps;
  }

  async host(signal: AbortSignal): Promise<HostCheck> {
    signal.throwIfAborted();
    throw new Error(`not made yet: ${this.#deps.version}`);
  }

  /** @param edition `legacy`: an older diagnostic program; `compatible`: without the checks that old clients do not know */
  async fastapi(
    edition: "current" | "compatible" | "legacy",
    signal: AbortSignal,
  ): Promise<ProgramCheck> {
    signal.throwIfAborted();
    throw new Error(`not made yet: ${edition}`);
  }

  async ipv6(signal: AbortSignal): Promise<{ readonly host: boolean; readonly vm: boolean }> {
    signal.throwIfAborted();
    throw new Error(`not made yet: ${this.#deps.version}`);
  }

  /**
   * @param reference the version to compare with; `undefined` asks for our own
   * @returns the text that is answered
   * @throws Refusal `bad request` for what is no version, `forbidden` when ours is older, `unavailable` when ours is none
   */
  version(reference: string | undefined): string {
    throw new Error(`not made yet: ${reference}`);
  }
}
