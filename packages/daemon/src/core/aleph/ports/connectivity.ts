/** What the host itself reaches of the world. Nothing here rejects but for an abort: what does not work is `false`. */

export type IpFamily = "ipv4" | "ipv6";

export interface Connectivity {
  /** whether anything answers at `url` over this family, whatever it answers */
  answers(url: string, family: IpFamily, signal: AbortSignal): Promise<boolean>;
  /** whether the name has an address of this family */
  resolves(name: string, family: IpFamily, signal: AbortSignal): Promise<boolean>;
}

/** The node's own programs, called as clients call them. */
export interface ProgramCalls {
  /**
   * @param path begins with `/`
   * @returns what the program answered
   * @throws Error when nothing answers
   */
  call(vmId: string, path: string, signal: AbortSignal): Promise<ProgramAnswer>;
}

export interface ProgramAnswer {
  readonly status: number;
  readonly text: string;
}

/** A guest of this host that is made to look around, and is gone afterwards. */
export interface DiagnosticGuest {
  /** @returns whether anything answers at `url` over IPv6, from within a VM */
  answersOverIpv6(url: string, signal: AbortSignal): Promise<boolean>;
}
