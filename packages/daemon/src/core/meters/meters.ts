/** What is sampled of this host and its VMs, for as long as this is not disposed. */

import { HostMeters, type HostMetersDeps } from "./host-meters.ts";
import { VmMeters, type VmMetersDeps } from "./vm-meters.ts";

const HOUR_S = 3_600;
/** samples that are kept of each, however close they are */
const MAX_ROWS = 720;

export class Meters implements AsyncDisposable {
  readonly host: HostMeters;
  readonly vms: VmMeters;

  /** @param seconds between two samples; 0: nothing is sampled */
  constructor(seconds: number, deps: HostMetersDeps & VmMetersDeps) {
    const rows = Math.min(MAX_ROWS, Math.ceil(HOUR_S / Math.max(1, seconds)));
    this.host = new HostMeters(seconds * 1_000, rows, deps);
    this.vms = new VmMeters(seconds * 1_000, rows, deps);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.host[Symbol.dispose]();
    await this.vms[Symbol.asyncDispose]();
  }
}
