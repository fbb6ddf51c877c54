import assert from "node:assert/strict";
import { test } from "node:test";

import type { PortRedirect } from "#core/network/network.ts";
import type { VmVolume } from "#core/vm/vm.ts";
import { fakeImages } from "#drivers/fake/fake-images.ts";
import { eventually } from "#testing/eventually.ts";
import { FakeHost, never } from "#testing/fake-host.ts";

import { hostLabelOf, type ItemHash, parseItemHash } from "../item-hash.ts";
import type { ConfidentialBackend, LaunchOrder } from "../ports/confidential-backend.ts";
import type { InstanceDisks, InstanceDiskSet } from "../ports/instance-disks.ts";
import type { InstanceOrder } from "../ports/machine-room.ts";
import { Refusal } from "../refusal.ts";
import { VmMachineRoom } from "./machine-room.ts";

function hashOf(digit: string): ItemHash {
  const hash = parseItemHash(digit.repeat(64));
  assert.ok(hash);
  return hash;
}

const VM = hashOf("a");

const SEED: VmVolume = {
  serial: "cidata",
  path: "/disks/seed.iso",
  format: "raw",
  readOnly: true,
  parent: undefined,
  mount: undefined,
};

function anOrder(different: Partial<InstanceOrder> = {}): InstanceOrder {
  return {
    vmHash: VM,
    owner: "0x1111",
    hostname: hostLabelOf(VM),
    vcpus: 2,
    memoryMiB: 512,
    sshKeys: ["ssh-ed25519 AAAA me"],
    root: { parentPath: "/parent", parentRef: hashOf("b"), sizeMiB: 16 },
    volumes: [],
    network: {
      vmId: 4,
      tap: "vmtap4",
      ipv4: { network: "172.16.4.0/24", host: "172.16.4.1", guest: "172.16.4.2" },
      ipv6: { network: "fc00::/124", host: "fc00::", guest: "fc00::1" },
      internet: true,
      dns: [],
    },
    gpus: [],
    confidential: undefined,
    ...different,
  };
}

const isConflict = (error: unknown) => Refusal.is(error, "conflict");

/** Disks that are only noted. */
class NotedDisks implements InstanceDisks {
  readonly done: string[] = [];
  isNew = true;

  async make({ vmHash }: InstanceOrder): Promise<InstanceDiskSet> {
    this.done.push(`make ${vmHash[0]}`);
    const parent = { path: "/parent", format: "raw" } as const;
    const root = { path: "/disks/root.qcow2", parent, sizeBytes: 1024, boot: "kernel" } as const;
    const { isNew } = this;
    this.isNew = false;
    return { root, volumes: [SEED], isNew };
  }

  async renew(_set: InstanceDiskSet, volumes: "keep" | "remove"): Promise<void> {
    this.done.push(`renew, ${volumes} volumes`);
  }

  async remove(vmHash: ItemHash): Promise<void> {
    this.done.push(`remove ${vmHash[0]}`);
  }
}

async function aStage() {
  const host = await FakeHost.make();
  const disks = new NotedDisks();
  const ports: (readonly PortRedirect[])[] = [];
  const open = async (confidential?: ConfidentialBackend) => {
    const vms = await host.open();
    const redirects = {
      set: async (_vm: unknown, list: readonly PortRedirect[]) => void ports.push(list),
      recreate: async () => ({ removedChains: [], recreated: [], failed: [] }),
    };
    const parts = { vms, disks, redirects, images: fakeImages, kernelImage: "base" };
    return { vms, room: new VmMachineRoom({ ...parts, confidential, log: host.log }) };
  };
  const end = () => host[Symbol.asyncDispose]();
  return { host, disks, ports, open, [Symbol.asyncDispose]: end };
}

test("room: what is prepared waits to be started, also under the next daemon, and is nobody else's", async () => {
  await using stage = await aStage();
  const first = await stage.open();
  await first.room.prepare(anOrder(), never);
  assert.equal(first.room.phaseOf(VM)?.phase, "created");
  await first.vms.abandonAll();

  const { room, vms } = await stage.open();
  assert.equal(room.phaseOf(VM)?.phase, "created");
  assert.deepEqual([room.hashes(), vms.list()], [[VM], []]);
  await room.start(VM, undefined, never);

  assert.equal(room.phaseOf(VM)?.phase, "running");
  const vm = vms.find(hostLabelOf(VM));
  assert.ok(vm);
  assert.deepEqual(vm.record.spec.secrets, []);
  const { plan } = stage.host.boxOf(vm);
  assert.deepEqual(
    plan.disks.map(({ id, path, readOnly }) => [id, path, readOnly]),
    [
      ["root", "/disks/root.qcow2", false],
      ["cidata", "/disks/seed.iso", true],
    ],
  );
  assert.ok(plan.kernel?.args.includes("rootfstype=ext4"));
});

test("room: a stop and a restart keep everything; a removal keeps disks, unless it is told otherwise", async () => {
  await using stage = await aStage();
  const { room } = await stage.open();
  const seen: string[] = [];
  using _listening = room.onChange((hash) => void seen.push(`${room.phaseOf(hash)?.phase}`));
  await room.prepare(anOrder(), never);
  await room.start(VM, undefined, never);
  await room.restart(VM, undefined, never);
  await room.stop(VM, never);
  await room.stop(VM, never);
  await room.reinstall(VM, "keep", never);
  await room.remove(VM, "keep", never);
  await room.remove(VM, "keep", never);
  assert.deepEqual(stage.disks.done, ["make a", "renew, keep volumes"]);
  assert.equal(room.phaseOf(VM), undefined);

  await room.prepare(anOrder(), never);
  await room.remove(VM, "remove", never);

  assert.deepEqual(stage.disks.done.slice(2), ["make a", "remove a"]);
  const run = ["starting", "running", "stopping", "stopped"];
  assert.deepEqual(seen.slice(0, 8), [...run, ...run]);
});

test("room: one that runs is neither prepared nor reinstalled, and one that is not there cannot be started", async () => {
  await using stage = await aStage();
  const { room } = await stage.open();
  await room.prepare(anOrder(), never);
  await room.start(VM, undefined, never);
  await assert.rejects(room.prepare(anOrder(), never), isConflict);
  await assert.rejects(room.reinstall(VM, "remove", never), isConflict);
  await assert.rejects(room.start(hashOf("c"), undefined, never), (error) =>
    Refusal.is(error, "not found"),
  );
  assert.deepEqual(stage.disks.done, ["make a"]);
});

test("room: a VM for which there is no place leaves no disks, unless they were there before", async () => {
  await using stage = await aStage();
  const { room } = await stage.open();
  const huge = anOrder({ vcpus: 100_000 });

  await assert.rejects(room.prepare(huge, never), { code: "no_capacity" });
  assert.deepEqual(stage.disks.done, ["make a", "remove a"]);
  await assert.rejects(room.prepare(huge, never), { code: "no_capacity" });
  assert.deepEqual(stage.disks.done.slice(2), ["make a"]);
});

test("room: ports are set for a VM's tap; a guest that ends by itself is told", async () => {
  await using stage = await aStage();
  const { room, vms } = await stage.open();
  await room.prepare(anOrder(), never);
  await room.start(VM, undefined, never);
  const ports = [{ vmPort: 22, hostPort: 24_000, tcp: true, udp: false }];

  await room.setPorts(VM, ports, never);
  const vm = vms.find(hostLabelOf(VM));
  assert.ok(vm);
  stage.host.boxOf(vm).end({ kind: "clean" });
  await eventually("it stops", () => room.phaseOf(VM)?.phase === "stopped");

  assert.deepEqual(stage.ports, [ports]);
});

test("room: a confidential VM starts with its owner's session only, each time as a launch of its own", async () => {
  await using stage = await aStage();
  const orders: LaunchOrder[] = [];
  const files = { sessionPath: "/s", godhPath: "/g", cbitpos: 51, reducedPhysBits: 1 };
  const { room, vms } = await stage.open({
    kind: "sev",
    certificates: async () => new Uint8Array(),
    check: () => undefined,
    planFor: async (order) => {
      orders.push(order);
      if (!order.launch && orders.length === 1) throw new Refusal("bad request", "no session");
      const { policy, firmwarePath } = order;
      return { kind: "sev", policy, firmwarePath, ...files };
    },
    forget: async () => void stage.disks.done.push("forget"),
  });
  const confidential = { policy: 3, firmwarePath: "/firmware" };
  await room.prepare(anOrder({ confidential }), never);
  await assert.rejects(room.start(VM, undefined, never), (error) =>
    Refusal.is(error, "bad request"),
  );
  assert.equal(room.phaseOf(VM)?.phase, "created");

  await room.start(VM, { session: "S", godh: "G" }, never);

  const vm = vms.find(hostLabelOf(VM));
  assert.ok(vm);
  const { plan } = stage.host.boxOf(vm);
  assert.deepEqual([plan.kernel, plan.confidential?.policy], [undefined, 3]);
  await room.restart(VM, undefined, never);
  assert.deepEqual(
    orders.map(({ launch }) => launch?.session),
    [undefined, "S", undefined],
  );
  await room.remove(VM, "remove", never);
  assert.deepEqual(stage.disks.done.slice(-2), ["remove a", "forget"]);
});
