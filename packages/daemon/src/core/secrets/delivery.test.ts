import assert from "node:assert/strict";
import { test } from "node:test";

import { eventually } from "#testing/eventually.ts";
import { aRequest, FakeHost, never } from "#testing/fake-host.ts";

import { becomesReady } from "../vm/readiness.ts";
import type { VmSupervisor } from "../vm/supervisor.ts";
import type { Vms } from "../vm/vms.ts";
import { deliver } from "./delivery.ts";
import { SecretBytes } from "./secret-bytes.ts";

const DIRECTORY = "/run/slicer/secrets";

async function keep(host: FakeHost, name: string, mode = 0o600): Promise<void> {
  const content = new SecretBytes(Buffer.from(`of ${name}`));
  await host.secrets.create({ name, content, mode, uid: 0, gid: 0 }, never);
}

async function ready(vms: Vms, secrets?: readonly string[]): Promise<VmSupervisor> {
  const vm = await vms.create("sbox", aRequest({ secrets, kind: "persistent" }), never);
  await becomesReady(vms, vm, "agent", never);
  return vm;
}

/** what a guest has, as `name mode content` */
function found(host: FakeHost, vm: VmSupervisor): string[] {
  return host
    .boxOf(vm)
    .guest.files.below(DIRECTORY)
    .map(([name, entry]) => {
      const text = entry.kind === "file" ? entry.content.toString() : "";
      return `${name} ${entry.mode.toString(8)} ${text}`;
    });
}

test("delivery: a VM gets all secrets, those it names, or none", async () => {
  await using host = await FakeHost.make();
  const vms = await host.open();
  await keep(host, "a");
  await keep(host, "b", 0o444);
  assert.deepEqual(found(host, await ready(vms)), ["a 600 of a", "b 444 of b"]);
  assert.deepEqual(found(host, await ready(vms, ["b"])), ["b 444 of b"]);
  assert.deepEqual(found(host, await ready(vms, [])), []);
  await assert.rejects(ready(vms, ["a", "c"]), /secrets: there is no secret "c"/);
  assert.equal(vms.list().length, 3);
});

test("delivery: later changes come with the guest's next boot, its own or a relaunch", async () => {
  await using host = await FakeHost.make();
  const vms = await host.open();
  await keep(host, "a");
  const vm = await ready(vms);
  await keep(host, "b");
  await host.secrets.remove("a", never);
  const first = vm.contact?.current;
  assert.deepEqual(found(host, vm), ["a 600 of a"]);
  host.boxOf(vm).guest.reboot();
  await eventually("the guest is back", () => {
    const { current } = vm.contact ?? {};
    return current !== undefined && current !== first;
  });
  assert.deepEqual(found(host, vm), ["b 600 of b"]);
  await vm.stop(never);
  await keep(host, "c");
  await vms.startAgain(vm, never);
  await becomesReady(vms, vm, "agent", never);
  assert.deepEqual(found(host, vm), ["b 600 of b", "c 600 of c"]);
});

test("delivery: the next daemon does not push what has changed meanwhile", async () => {
  await using host = await FakeHost.make();
  const vms = await host.open();
  await keep(host, "a");
  const { hostname } = (await ready(vms)).record;
  await vms.abandonAll();
  await keep(host, "b");
  const next = await host.open();
  const vm = next.get(hostname);
  await vm.contact?.link(never);
  assert.deepEqual(found(host, vm), ["a 600 of a"]);
});

test("delivery: one that was cut short begins again, and takes away what is not a secret any more", async () => {
  await using host = await FakeHost.make();
  const vms = await host.open();
  await keep(host, "a");
  const vm = await ready(vms);
  host.boxOf(vm).guest.files.write(`${DIRECTORY}/stray`, Buffer.from("x"), undefined);
  const link = await vm.contact?.link(never);
  assert.ok(link);
  assert.equal(await deliver(link, host.secrets.chosen("all"), never), 1);
  assert.deepEqual(found(host, vm), ["a 600 of a"]);
});

test("delivery: a guest that asks gets the changes, and how many it has now", async () => {
  await using host = await FakeHost.make();
  const vms = await host.open();
  await keep(host, "a");
  const vm = await ready(vms, undefined);
  const { files } = host.boxOf(vm).guest;
  await eventually("it listens", () => files.find("/run/slicer/requests") !== undefined);
  await keep(host, "b");
  await host.secrets.remove("a", never);

  files.write("/run/slicer/requests/something-else", Buffer.alloc(0), undefined);
  files.write("/run/slicer/requests/secrets-sync.Ab3", Buffer.alloc(0), undefined);

  const answer = () => files.find("/run/slicer/answers/secrets-sync.Ab3");
  await eventually("there is an answer", () => answer() !== undefined);
  const entry = answer();
  assert.ok(entry?.kind === "file");
  assert.deepEqual([entry.content.toString(), entry.mode], ["ok 1\n", 0o600]);
  assert.deepEqual(found(host, vm), ["b 600 of b"]);
  assert.equal(files.find("/run/slicer/answers/something-else"), undefined);
});

test("delivery: a request that came while nobody listened is answered by the next daemon", async () => {
  await using host = await FakeHost.make();
  const vms = await host.open();
  const { hostname } = (await ready(vms)).record;
  await vms.abandonAll();
  await keep(host, "a");
  const [box] = host.world.living();
  box?.guest.files.write("/run/slicer/requests/secrets-sync.1", Buffer.alloc(0), undefined);
  const vm = (await host.open()).get(hostname);
  await eventually("the guest has it", () => found(host, vm).length > 0);
  assert.deepEqual(found(host, vm), ["a 600 of a"]);
});
