/** Where VMs are made each way: a daemon whose VMs boot, one that has a template, and a bare template. */

import { BareTemplate } from "../harness/bare-state.ts";
import { BenchHost } from "../harness/bench-host.ts";

/** as small as the default image is meant to run */
export const MEMORY_MIB = 256;

export interface ForkScene extends AsyncDisposable {
  /** every VM of it boots */
  readonly cold: BenchHost;
  /** has a template */
  readonly warm: BenchHost;
  readonly bare: BareTemplate;
}

export async function openForkScene(signal: AbortSignal): Promise<ForkScene> {
  await using opened = new AsyncDisposableStack();
  const cold = opened.use(await BenchHost.open({ memoryMiB: MEMORY_MIB }, signal));
  const warm = opened.use(await BenchHost.open({ memoryMiB: MEMORY_MIB, templates: "on" }, signal));
  await warm.templateBuilt(signal);
  const { qemuHost, image, dirs } = cold;
  const order = { qemuHost, image, memoryMiB: MEMORY_MIB, scratch: dirs.scratch };
  const bare = opened.use(await BareTemplate.make(order, signal));
  const all = opened.move();
  return { cold, warm, bare, [Symbol.asyncDispose]: () => all.disposeAsync() };
}
