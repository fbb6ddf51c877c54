/** What Alcove's own API is served from, over a fake host. */

import { EventFeed } from "#core/events/event-feed.ts";
import { Pools } from "#core/pool/pools.ts";
import { VmConsoles } from "#core/vm/consoles.ts";
import type { Vms } from "#core/vm/vms.ts";
import { fileConsoleLogs } from "#host/console-logs.ts";
import { noProcessMemory } from "#host/memory-of-process.ts";
import type { AlephAtHost } from "#http/native/aleph.ts";
import type { NativeParts } from "#http/native/surface.ts";

import { fakeCommits } from "./fake-commits.ts";
import { fakeDesk } from "./fake-desk.ts";
import { fakeHostDesk, fakeMeters } from "./fake-host-desk.ts";
import type { FakeHost } from "./fake-host.ts";
import { fakeImageDesk } from "./fake-image-desk.ts";
import { type FakeSignIn, fakeSignIn } from "./fake-sign-in.ts";

export interface FakeNative extends AsyncDisposable {
  readonly parts: NativeParts;
  /** what a listener asks of its clients */
  readonly lock: FakeSignIn["lock"];
}

export interface FakeNativeOptions {
  /** default: nobody needs one */
  readonly token?: string | undefined;
  /** default: the host is no node */
  readonly aleph?: AlephAtHost | undefined;
}

/** @param vms of the host, which is open */
export async function fakeNative(
  host: FakeHost,
  vms: Vms,
  { token, aleph }: FakeNativeOptions = {},
): Promise<FakeNative> {
  await using opened = new AsyncDisposableStack();
  const { store, secrets, events } = host;
  const { desk } = opened.use(await fakeDesk(host, vms));
  const commits = fakeCommits(host, vms);
  const { imageDesk } = opened.use(fakeImageDesk(host, vms, commits));
  const { signIn, lock } = fakeSignIn(host, token);
  const parts = {
    aleph,
    commits,
    consoles: new VmConsoles(host.disks, fileConsoleLogs),
    desk,
    feed: new EventFeed({ vms, store, events }),
    forking: host.forking(vms),
    hostDesk: fakeHostDesk(host, vms, desk),
    imageDesk,
    memory: noProcessMemory,
    meters: fakeMeters(host, vms),
    pools: new Pools(host.groups.all(), events),
    secrets,
    signIn,
    store,
    version: "1.2.3",
    vms,
  };
  const all = opened.move();
  return { parts, lock, [Symbol.asyncDispose]: () => all.disposeAsync() };
}
