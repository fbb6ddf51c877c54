/** A host: its VMs, secrets and host groups. Holds no state but idle connections. */

import { type CamelKeys, camelKeys } from "../camel-keys.ts";
import type { EventRange, HostEvent } from "../event-stream.ts";
import { HostApi } from "../host-api.ts";
import type { VmEvent } from "../event-shapes.ts";
import type { VmSummary } from "../native-shapes.ts";
import type { HostGroup, HostInfo } from "../resources.ts";
import type { Wire } from "../wire.ts";
import { Aleph } from "./aleph.ts";
import { type CallOptions, signalOf } from "./call.ts";
import { Commits } from "./commits.ts";
import { Host } from "./host.ts";
import { Images } from "./images.ts";
import { Secrets } from "./secrets.ts";
import { Sessions } from "./session.ts";
import { Templates } from "./templates.ts";
import type { Vm, VmFacts } from "./vm.ts";
import { type VmFilter, Vms } from "./vms.ts";

export class Client<B extends Uint8Array, V extends Vm<B>> implements Disposable {
  readonly vms: Vms<B, V>;
  readonly secrets: Secrets;
  readonly commits: Commits;
  readonly images: Images;
  readonly templates: Templates;
  readonly aleph: Aleph;
  readonly host: Host;
  readonly session: Sessions;
  readonly hostGroups: HostGroups<B, V>;
  readonly #api: HostApi<B>;

  constructor(wire: Wire<B>, handle: (api: HostApi<B>, facts: VmFacts) => V) {
    const api = new HostApi(wire);
    this.#api = api;
    this.vms = new Vms(api, (facts) => handle(api, facts));
    this.secrets = new Secrets(api.secrets);
    this.commits = new Commits(api.commits);
    this.images = new Images(api.native.images);
    this.templates = new Templates(api.native);
    this.aleph = new Aleph(wire);
    this.host = new Host(api.native.host);
    this.session = new Sessions(api.native.session);
    this.hostGroups = new HostGroups(api, this.vms);
  }

  /** address or socket path, as a person would type it */
  get endpoint(): string {
    return this.#api.endpoint;
  }

  /** Closes idle connections; what is under way goes on. */
  [Symbol.dispose](): void {
    this.#api[Symbol.dispose]();
  }

  /** Version, platform (`linux`) and architecture (`amd64`, `arm64`) of the daemon. */
  async info(options: CallOptions = {}): Promise<CamelKeys<HostInfo>> {
    return camelKeys(await this.#api.info(signalOf(options)));
  }

  /**
   * All VMs: what each is, how it began, what it takes of the host, and what may be asked of it now. With `memory: "none"`
   * nobody looks at their processes: cheap for many.
   */
  async accounts(
    options: CallOptions & { readonly memory?: "all" | "none" } = {},
  ): Promise<readonly CamelKeys<VmSummary>[]> {
    return camelKeys(await this.#api.native.vms(options.memory ?? "all", signalOf(options)));
  }

  /** The newest events of all VMs, newest first. */
  async recentEvents(
    options: CallOptions & EventRange = {},
  ): Promise<readonly CamelKeys<VmEvent>[]> {
    return camelKeys(await this.#api.native.events.recent(options, signalOf(options)));
  }

  /**
   * What happens on the host, as it happens: `hello` first, then changes of VMs (`vm`), of what lists show (`changed`),
   * and how the host does (`host`). It ends with the daemon; to go on where it ended, ask again with the `id` of the
   * last `vm`, or of `hello` when there was none. After a `gap`, fetch what you show anew.
   */
  async *events(
    options: CallOptions & { readonly after?: number } = {},
  ): AsyncGenerator<HostEvent> {
    const events = this.#api.native.events.stream(options.after, signalOf(options));
    for await (const event of events) yield camelKeys(event);
  }

  /** The same as `info`. */
  async getInfo(options: CallOptions = {}): Promise<CamelKeys<HostInfo>> {
    return await this.info(options);
  }

  /** The OpenAPI document of everything that the host serves, as it is. */
  async openApi(options: CallOptions = {}): Promise<unknown> {
    return await this.#api.openApi(signalOf(options));
  }

  /** Does the daemon answer? Needs no token. @throws AlcoveConnectionError */
  async healthz(options: CallOptions = {}): Promise<void> {
    await this.#api.healthz(signalOf(options));
  }

  /** Begins the daemon's orderly end; what becomes of its VMs is the daemon's setting. */
  async shutdownDaemon(options: CallOptions = {}): Promise<void> {
    await this.#api.shutdownDaemon(signalOf(options));
  }
}

export class HostGroups<B extends Uint8Array, V extends Vm<B>> {
  readonly #api: HostApi<B>;
  readonly #vms: Vms<B, V>;

  constructor(api: HostApi<B>, vms: Vms<B, V>) {
    this.#api = api;
    this.#vms = vms;
  }

  async list(options: CallOptions = {}): Promise<readonly CamelKeys<HostGroup>[]> {
    return camelKeys(await this.#api.hostGroups(signalOf(options)));
  }

  async find(name: string, options: CallOptions = {}): Promise<CamelKeys<HostGroup> | undefined> {
    return (await this.list(options)).find((group) => group.name === name);
  }

  async listVMs(name: string, filter: VmFilter = {}): Promise<readonly V[]> {
    return await this.#vms.list({ ...filter, group: name });
  }
}
