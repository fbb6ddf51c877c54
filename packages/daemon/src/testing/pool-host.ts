/** A fake host with machines made ahead: its templates are built, and its pools are filled as a daemon fills them. */

import type { HostGroup } from "#core/group/host-group.ts";
import { PoolKeeper } from "#core/pool/pool-keeper.ts";
import { Pools } from "#core/pool/pools.ts";
import type { MadeAhead } from "#core/vm/made-ahead.ts";
import type { VmsDeps } from "#core/vm/vms.ts";

import { eventually } from "./eventually.ts";
import { aGroup, type FakeHost } from "./fake-host.ts";
import { type OpenedHost, TemplateHost } from "./template-host.ts";

export interface OpenedPools extends OpenedHost {
  readonly pools: Pools;
  readonly keeper: PoolKeeper;
}

export interface PoolOrder {
  readonly different?: Partial<VmsDeps>;
  /** what VMs see in the place of the pools */
  readonly seen?: (pools: Pools) => MadeAhead;
  /** what a machine has of the host's memory, in bytes */
  readonly memoryBytes?: number;
}

export class PoolHost implements AsyncDisposable {
  readonly #templates: TemplateHost;

  private constructor(templates: TemplateHost) {
    this.#templates = templates;
  }

  /** @param size of the pool of its one host group, `sbox` */
  static async make(size: number, different: Partial<HostGroup> = {}): Promise<PoolHost> {
    const warmPool = { size, refillPerSecond: 100, memoryBytes: 1024 ** 3 };
    return new PoolHost(await TemplateHost.make([aGroup({ warmPool, ...different })]));
  }

  get host(): FakeHost {
    return this.#templates.host;
  }

  /** A daemon's start; disposing what it gives is an orderly end that leaves VMs where they are. */
  async open(order: PoolOrder = {}): Promise<OpenedPools> {
    const { host } = this;
    const pools = new Pools(host.groups.all(), host.events);
    const { different = {}, seen = (it) => it, memoryBytes = 0 } = order;
    const opened = await this.#templates.open({ ahead: seen(pools), ...different });
    const { vms, templates, works, keptLayers } = opened;
    void works.prepareFor(host.groups.all(), this.#templates.images);
    const ownMemory = async () => memoryBytes;
    const parts = { ...host.parts, ...different, vms, templates, keptLayers, pools, ownMemory };
    const keeper = new PoolKeeper(parts);
    const end = async () => {
      await works[Symbol.asyncDispose]();
      await keeper[Symbol.asyncDispose]();
      await opened[Symbol.asyncDispose]();
    };
    return { ...opened, pools, keeper, [Symbol.asyncDispose]: end };
  }

  async full({ pools }: OpenedPools): Promise<void> {
    await eventually("the pool is full", () =>
      pools.list().every(({ waiting, size }) => waiting === size),
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#templates[Symbol.asyncDispose]();
  }
}
