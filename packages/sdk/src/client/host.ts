/** The machine that VMs run on: what it has, what its groups allow, and what was used over the last hour. */

import { type CamelKeys, camelKeys } from "../camel-keys.ts";
import type { NativeHostApi } from "../native-host.ts";
import type { Group, HostMeters, HostState } from "../native-host-shapes.ts";
import { type CallOptions, signalOf } from "./call.ts";

export interface MeterOptions extends CallOptions {
  /** only samples later than this, in ms since the epoch; default: all of the last hour */
  readonly after?: number;
}

export class Host {
  readonly #api: NativeHostApi;

  constructor(api: NativeHostApi) {
    this.#api = api;
  }

  /** What it is, what it has, what VMs were promised, and what its operator should know. */
  async state(options: CallOptions = {}): Promise<CamelKeys<HostState>> {
    return camelKeys(await this.#api.state(signalOf(options)));
  }

  /** Host groups with their use, and what a launch there is held to now. */
  async groups(options: CallOptions = {}): Promise<readonly CamelKeys<Group>[]> {
    return camelKeys(await this.#api.groups(signalOf(options)));
  }

  /** What all of it used over the last hour, in columns, oldest first. */
  async meters(options: MeterOptions = {}): Promise<CamelKeys<HostMeters>> {
    return camelKeys(await this.#api.meters(options.after, signalOf(options)));
  }
}
