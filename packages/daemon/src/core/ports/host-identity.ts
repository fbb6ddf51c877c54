/** What this machine is: none of it changes while the daemon runs. */
export interface HostIdentity {
  readonly hostname: string;
  /** name and release */
  readonly kernel: string;
  readonly cpuModel: string;
  /** what the daemon itself runs on */
  readonly node: string;
  readonly startedAt: Date;
}

/** What runs guests' instructions here. */
export interface Acceleration {
  readonly accelerator: "kvm" | "tcg" | "none";
  /** one sentence for people: why it is this one */
  readonly reason: string;
  /** of the hypervisor's program; `undefined` where it has none, or did not say */
  readonly hypervisorVersion: string | undefined;
}
