/** Where VMs are made each way: a daemon whose VMs boot, one that has a template, and a bare template. */

import { BareTemplate } from "../harness/bare-state.ts";
import { BenchHost } from "../harness/bench-host.ts";

/** as small as the default image is meant to run */
export const MEMORY_MIB = 256;

/** machines that wait; one is taken at a time */
export const POOL_SIZE = 2;

export interface ForkScene extends AsyncDisposable {
  /** every VM of it boots */
  readonly cold: BenchHost;
  /** has a template */
  readonly warm: BenchHost;
  /** the same, and machines that wait to become VMs */
  readonly pooled: BenchHost;
  readonly bare: BareTemplate;
}

export async function openForkScene(signal: AbortSignal): Promise<ForkScene> {
  await using opened = new AsyncDisposableStack();
  const cold = opened.use(await BenchHost.open({ memoryMiB: MEMORY_MIB }, signal));
  const warm = opened.use(await BenchHost.open({ memoryMiB: MEMORY_MIB, templates: "on" }, signal));
  const settings = { ALCOVE_GROUP_POOL_SIZE: String(POOL_SIZE) };
  const pooled = opened.use(
    await BenchHost.open({ memoryMiB: MEMORY_MIB, templates: "on", settings }, signal),
  );
  for (const host of [warm, pooled]) await host.templateBuilt(signal);
  const { qemuHost, image, dirs } = cold;
  const order = { qemuHost, image, memoryMiB: MEMORY_MIB, scratch: dirs.scratch };
  const bare = opened.use(await BareTemplate.make(order, signal));
  const all = opened.move();
  return { cold, warm, pooled, bare, [Symbol.asyncDispose]: () => all.disposeAsync() };
}
