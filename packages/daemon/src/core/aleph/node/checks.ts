/** What a node finds when it looks at itself. Answers are kept for a short time, and nothing is looked at twice at once. */

import type { Clock } from "../../ports/clock.ts";
import type {
  Connectivity,
  DiagnosticGuest,
  IpFamily,
  ProgramCalls,
} from "../ports/connectivity.ts";
import { Refusal } from "../refusal.ts";
import type { AlephSettings } from "../settings.ts";
import { compareVersions, formatVersion, parseVersion } from "./pep440.ts";
import {
  checkProgram,
  programReachesIpv6,
  type ProgramCheck,
  type ProgramEdition,
} from "./program-check.ts";
import { RecentAnswer } from "./recent-answer.ts";

/** how long each look at the world may take, in `ms` */
const LOOK_LIMIT_MS = 5_000;
/** how long a guest may take to be there and look */
const GUEST_LIMIT_MS = 30_000;
/** for how long an answer is given again: anybody may ask, as often as they like */
const ANSWER_KEPT_MS = 30_000;
const GUEST_ANSWER_KEPT_MS = 60_000;

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

export class NodeChecks {
  readonly #deps: NodeChecksDeps;
  readonly #host: RecentAnswer<HostCheck>;
  readonly #programs: Readonly<Record<ProgramEdition, RecentAnswer<ProgramCheck>>>;
  readonly #guestIpv6: RecentAnswer<boolean>;
  readonly #hostIpv6: RecentAnswer<boolean>;

  constructor(deps: NodeChecksDeps) {
    const { clock, programs, settings } = deps;
    const { checkFastapiVmId, legacyCheckFastapiVmId } = settings.status;
    const program = (vmId: string, edition: ProgramEdition) =>
      new RecentAnswer(clock, ANSWER_KEPT_MS, () => checkProgram({ vmId, edition, programs }));
    this.#deps = deps;
    this.#host = new RecentAnswer(clock, ANSWER_KEPT_MS, () => this.#lookAtHost());
    this.#programs = {
      current: program(checkFastapiVmId, "current"),
      compatible: program(checkFastapiVmId, "compatible"),
      legacy: program(legacyCheckFastapiVmId, "legacy"),
    };
    this.#guestIpv6 = new RecentAnswer(clock, GUEST_ANSWER_KEPT_MS, () => this.#lookFromGuest());
    this.#hostIpv6 = new RecentAnswer(clock, ANSWER_KEPT_MS, () => this.#answers("ipv6"));
  }

  host(signal: AbortSignal): Promise<HostCheck> {
    return this.#host.get(signal);
  }

  /** @param edition `legacy`: an older diagnostic program; `compatible`: without the checks that old clients do not know */
  fastapi(edition: ProgramEdition, signal: AbortSignal): Promise<ProgramCheck> {
    return this.#programs[edition].get(signal);
  }

  /** Whether the world is reached over IPv6, from here and from within a VM. */
  async ipv6(signal: AbortSignal): Promise<{ readonly host: boolean; readonly vm: boolean }> {
    const [host, vm] = await Promise.all([this.#hostIpv6.get(signal), this.#guestIpv6.get(signal)]);
    return { host, vm };
  }

  /**
   * @param reference the version to compare with; `undefined` asks for our own
   * @returns the text that is answered
   * @throws Refusal `bad request` for what is no version, `forbidden` when ours is older, `unavailable` when ours is none
   */
  version(reference: string | undefined): string {
    if (reference === undefined) return this.#deps.version;
    const wanted = parseVersion(reference);
    if (!wanted) throw new Refusal("bad request", `Invalid version: '${reference}'`);
    const ours = parseVersion(this.#deps.version);
    if (!ours) throw new Refusal("unavailable", `Invalid version: '${this.#deps.version}'`);
    const [mine, theirs] = [formatVersion(ours), formatVersion(wanted)];
    if (compareVersions(ours, wanted) >= 0) return `Up-to-date: version ${mine} >= ${theirs}`;
    throw new Refusal("forbidden", `Outdated: version ${mine} < ${theirs}`);
  }

  async #lookAtHost(): Promise<HostCheck> {
    const [ipv4, ipv6] = await Promise.all([this.#lookOver("ipv4"), this.#lookOver("ipv6")]);
    const isWell = [ipv4, ipv6].every(({ egress, dns, domain }) => egress && dns && domain);
    return { ipv4, ipv6, isWell };
  }

  async #lookOver(family: IpFamily): Promise<FamilyCheck> {
    const { connectivity, settings } = this.#deps;
    const { connectivityDnsHostname } = settings.status;
    const resolves = (name: string) =>
      connectivity.resolves(name, family, AbortSignal.timeout(LOOK_LIMIT_MS)).catch(() => false);
    const [egress, dns, domain, http] = await Promise.all([
      this.#answers(family),
      resolves(connectivityDnsHostname),
      resolves(settings.domainName),
      this.#anyAnswers(family),
    ]);
    return { egress, dns, domain, http };
  }

  #answers(family: IpFamily): Promise<boolean> {
    const { connectivityIpv4Url, connectivityIpv6Url } = this.#deps.settings.status;
    return this.#isThere(family === "ipv4" ? connectivityIpv4Url : connectivityIpv6Url, family);
  }

  async #anyAnswers(family: IpFamily): Promise<boolean> {
    const urls = this.#deps.settings.status.connectivityHttpUrls;
    const answers = await Promise.all(urls.map((url) => this.#isThere(url, family)));
    return answers.includes(true);
  }

  /** What takes too long is not there. */
  #isThere(url: string, family: IpFamily): Promise<boolean> {
    const limit = AbortSignal.timeout(LOOK_LIMIT_MS);
    return this.#deps.connectivity.answers(url, family, limit).catch(() => false);
  }

  /** Where the host itself has no IPv6, no VM is made to find that out; where the diagnostic program is, it is asked. */
  async #lookFromGuest(): Promise<boolean> {
    const { guest, programs, settings } = this.#deps;
    if (!(await this.#hostIpv6.get(AbortSignal.timeout(GUEST_LIMIT_MS)))) return false;
    const said = await programReachesIpv6({ vmId: settings.status.checkFastapiVmId, programs });
    if (said !== undefined) return said;
    const limit = AbortSignal.timeout(GUEST_LIMIT_MS);
    return guest.answersOverIpv6(settings.status.connectivityIpv6Url, limit).catch(() => false);
  }
}
