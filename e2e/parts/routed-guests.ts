/** Real guests in routed networks, without a daemon: the driver, the agent and the host's networks alone. */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";

import { runToEnd } from "../../packages/daemon/src/core/exec/run.ts";
import type { GroupNetwork } from "../../packages/daemon/src/core/network/network.ts";
import type { GuestLink } from "../../packages/daemon/src/core/ports/guest-link.ts";
import type { Networks } from "../../packages/daemon/src/core/ports/networks.ts";
import { guestConfigurationFor } from "../../packages/daemon/src/core/vm/boot-plan.ts";
import { newRecord } from "../../packages/daemon/src/core/vm/new-record.ts";
import { checkSpec } from "../../packages/daemon/src/core/vm/spec.ts";
import type { VmRecord } from "../../packages/daemon/src/core/vm/vm.ts";
import { aGroup, aRequest, never } from "../../packages/daemon/src/testing/fake-host.ts";
import { dial, freshPlan, image, open } from "./qemu-machines.ts";

/** The record of a VM as the core makes it, the first of its kind. */
export function vmIn(network: GroupNetwork, hostname: string): VmRecord {
  const group = aGroup({ name: "aleph", network });
  const vm = {
    group,
    kind: "persistent",
    hostname,
    spec: checkSpec(aRequest({ kind: "persistent" }), group, []),
    imageId: image.id,
    hypervisor: "qemu",
    createdAt: new Date(),
    wantedAddress: undefined,
    layer: undefined,
    origin: { how: "boot", why: undefined },
  } as const;
  return newRecord(vm, []);
}

/** A guest that is up and knows its network. Disposing ends it and its network. */
export class RoutedGuestMachine implements AsyncDisposable {
  readonly record: VmRecord;
  readonly #link: GuestLink;
  readonly #owned: AsyncDisposable;

  private constructor(record: VmRecord, link: GuestLink, owned: AsyncDisposable) {
    this.record = record;
    this.#link = link;
    this.#owned = owned;
  }

  static async boot(record: VmRecord, networks: Networks): Promise<RoutedGuestMachine> {
    await using undo = new AsyncDisposableStack();
    const network = await networks.prepare(record, never);
    undo.defer(() => networks.release(record));
    const plan = await freshPlan();
    const machine = undo.use(await open().boot({ ...plan, network }, never));
    const link = undo.use(await dial(machine));
    const told = { network: networks.guestNetwork(record), time: new Date() };
    const words = guestConfigurationFor(record, { ...told, entropy: randomBytes(64) });
    await link.configure({ ...words, growRoot: false }, never);
    return new RoutedGuestMachine(record, link, undo.move());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve(this.#owned[Symbol.asyncDispose]());
  }

  async run(command: string) {
    const program = { kind: "argv", argv: ["/bin/sh", "-c", command] } as const;
    const streams = { stdin: false, stdout: true, stderr: true, pty: undefined };
    const user = { uid: 0, gid: undefined };
    const started = await this.#link.exec(
      { program, env: [], cwd: "/", user, ...streams },
      AbortSignal.timeout(20_000),
    );
    const { stdout, stderr, end } = await runToEnd(started, AbortSignal.timeout(20_000));
    const said = [stdout, stderr].map((bytes) => Buffer.from(bytes).toString());
    return { stdout: said[0] ?? "", stderr: said[1] ?? "", exitCode: end.exitCode };
  }

  async sh(command: string): Promise<string> {
    const { stdout, stderr, exitCode } = await this.run(command);
    assert.equal(exitCode, 0, `${command}: ${stdout}${stderr}`);
    return stdout.trim();
  }

  /** @returns what a service says to the guest, "refused" when somebody said no, "silence" when nobody answered */
  async dial(address: string, port: number): Promise<string> {
    const read = `exec 3<>/dev/tcp/${address}/${port} && cat <&3`;
    const { stdout, stderr, exitCode } = await this.run(`timeout 3 bash -c '${read}'`);
    if (exitCode === 0) return stdout.trim();
    return /refused|No route to host|unreachable|denied/.test(stderr) ? "refused" : "silence";
  }

  async pings(address: string, from = ""): Promise<boolean> {
    const source = from === "" ? "" : `-I ${from}`;
    return (await this.run(`ping -c 1 -W 2 ${source} ${address}`)).exitCode === 0;
  }

  /** Has a service of TCP and one of UDP at a port, which say who asks. */
  async greet(port: number): Promise<void> {
    const socket = `LocalHost => "::", LocalPort => ${port}, V6Only => 0, GetAddrInfoFlags => 0`;
    const tcp = `my $s = IO::Socket::IP->new(Listen => 1, ${socket}) or die; while (my $c = $s->accept) { print $c "guest to ", $c->peerhost, "\\n"; close $c }`;
    const udp = `my $s = IO::Socket::IP->new(Proto => "udp", ${socket}) or die; while (defined $s->recv(my $d, 9)) { $s->send("guest by datagram") }`;
    for (const service of [tcp, udp]) {
      await this.sh(
        `setsid perl -e 'use IO::Socket::IP; ${service}' > /dev/null 2>&1 < /dev/null &`,
      );
    }
    await this.sh(
      `until ss -ltn | grep -q ":${port} " && ss -lun | grep -q ":${port} "; do sleep 0.1; done`,
    );
  }
}
