import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";

import { AlcoveError } from "#core/errors.ts";
import type { Hypervisor } from "#core/ports/hypervisor.ts";
import type { MachineTemplates } from "#core/ports/machine-templates.ts";
import { launch } from "#core/vm/launch.ts";
import type { VmRequest } from "#core/vm/spec.ts";
import type { VmSupervisor } from "#core/vm/supervisor.ts";
import { GIB } from "#lib/bytes.ts";
import { eventually } from "#testing/eventually.ts";
import { aRequest, never } from "#testing/fake-host.ts";
import { roomyFacts } from "#testing/roomy-facts.ts";
import { type OpenedHost, TemplateHost } from "#testing/template-host.ts";
import { hypervisorWith } from "#testing/troubles.ts";

const wait = { until: "agent", timeoutMs: 5_000 } as const;

function create(opened: OpenedHost, request: Partial<VmRequest> = {}): Promise<VmSupervisor> {
  return launch(opened.vms, { group: "sbox", request: aRequest(request), wait }, never);
}

/** A hypervisor whose templates go another way. */
function withTemplates(inner: Hypervisor, change: Partial<MachineTemplates>): Hypervisor {
  const { templates } = inner;
  assert.ok(templates);
  const other: MachineTemplates = {
    keyOf: (plan, signal) => templates.keyOf(plan, signal),
    boot: (plan, signal) => templates.boot(plan, signal),
    find: (directory) => templates.find(directory),
    open: (directory, signal) => templates.open(directory, signal),
    ...change,
  };
  return {
    ...(inner.states ? { states: inner.states } : {}),
    name: inner.name,
    isolation: inner.isolation,
    guestReboot: inner.guestReboot,
    boot: (plan, signal) => inner.boot(plan, signal),
    adopt: (where, handle, signal) => inner.adopt(where, handle, signal),
    sweep: (runRoot, known, signal) => inner.sweep(runRoot, known, signal),
    templates: other,
  };
}

test("templates: the first VM boots and says why, the next come from a template", async () => {
  await using it = await TemplateHost.make();
  await using opened = await it.open();
  const first = await create(opened);
  const template = await it.built(opened);
  const [second, third] = await Promise.all([create(opened), create(opened)]);

  assert.deepEqual(first.record.origin, {
    how: "boot",
    why: "there was no template of this image and size yet",
  });
  assert.equal(first.record.receipt, undefined);
  for (const vm of [second, third]) {
    assert.deepEqual(vm.record.origin, { how: "template", template: template.id });
    assert.equal(vm.record.layer, template.layer);
    assert.equal(vm.record.receipt?.hostname, vm.record.hostname);
    assert.equal(it.host.boxOf(vm).guest.hostname, vm.record.hostname);
  }
  assert.notEqual(second.record.receipt?.machineId, third.record.receipt?.machineId);
  assert.notEqual(second.record.receipt?.mac, third.record.receipt?.mac);
  assert.deepEqual(
    it.host.store.all(),
    opened.vms.list().map(({ record }) => record),
  );
});

test("templates: another size has no template, and gets one of its own", async () => {
  await using it = await TemplateHost.make();
  await using opened = await it.open();
  await create(opened);
  await it.built(opened);

  const small = await create(opened, { vcpus: 1 });
  await eventually("both are built", () => opened.templates.list().length === 2);
  const again = await create(opened, { vcpus: 1 });

  assert.equal(small.record.origin.how, "boot");
  assert.equal(again.record.origin.how, "template");
});

test("templates: a service boots", async () => {
  await using it = await TemplateHost.make();
  await using opened = await it.open();
  await create(opened);
  await it.built(opened);

  const service = await create(opened, { kind: "service" });

  assert.deepEqual(service.record.origin, { how: "boot", why: undefined });
});

test("templates: the next daemon has them, and what was half made is gone", async () => {
  await using it = await TemplateHost.make();
  const template = await (async () => {
    await using opened = await it.open();
    await create(opened);
    return await it.built(opened);
  })();
  await writeFile(path.join(it.root, "aaaa.part"), "half");
  await writeFile(path.join(it.root, "0123456789abcdef"), "no directory");

  await using opened = await it.open();

  assert.deepEqual(opened.templates.list(), [template]);
  assert.deepEqual(await readdir(it.root), [template.id]);
  const vm = await create(opened);
  assert.equal(vm.record.origin.how, "template");
});

const disliked = () => Promise.reject(new Error("QEMU does not like it"));

const DAMAGES = ["disk", "machine"] as const;

for (const part of DAMAGES) {
  test(`templates: one whose ${part} was changed is refused with the reason, and built anew`, async () => {
    await using it = await TemplateHost.make();
    const template = await (async () => {
      await using opened = await it.open();
      await create(opened);
      return await it.built(opened);
    })();
    const file =
      part === "disk"
        ? it.host.layers.below({ image: NO_IMAGE, layer: template.layer }).path
        : path.join(it.root, template.id, "machine/manifest.json");
    const bytes = await readFile(file);
    bytes.writeUInt8((bytes.at(20) ?? 0) ^ 1, 20);
    await writeFile(file, bytes);

    await using opened = await it.open();
    const vm = await create(opened);

    const { origin } = vm.record;
    assert.ok(origin.how === "boot");
    assert.match(origin.why ?? "", /The template cannot be used: .*changed or damaged/);
    assert.deepEqual(it.host.log.troubles(), ["template.refused"]);
    await eventually("it is built anew", () => opened.templates.list().length === 1);
    assert.notEqual(opened.templates.list()[0]?.id, template.id);
    assert.equal((await create(opened)).record.origin.how, "template");
  });
}

const NO_IMAGE = { path: "/none", format: "raw", virtualSizeBytes: 0 } as const;

test("templates: a machine that cannot be made from one is booted, on an empty disk", async () => {
  await using it = await TemplateHost.make();
  const { host } = it;
  const hypervisor = withTemplates(host.hypervisor, {
    open: async (directory, signal) => {
      const inner = await host.hypervisor.templates.open(directory, signal);
      return {
        ...inner,
        fork: disliked,
        [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
      };
    },
  });
  await using opened = await it.open({ hypervisor });
  await create(opened);
  await it.built(opened);

  const vm = await create(opened);

  assert.deepEqual(vm.record.origin, { how: "boot", why: "QEMU does not like it" });
  assert.equal(vm.record.layer, undefined);
  assert.deepEqual(host.log.troubles(), ["vm.fork_failed"]);
  assert.deepEqual(host.store.all().at(-1), vm.record);
});

test("templates: one that no machine comes of is removed, and built anew", async () => {
  await using it = await TemplateHost.make();
  const { host } = it;
  let fails = true;
  const unusable = new AlcoveError("state_unusable", "no such device", { hypervisor: "fake" });
  const hypervisor = withTemplates(host.hypervisor, {
    open: async (directory, signal) => {
      const inner = await host.hypervisor.templates.open(directory, signal);
      return {
        ...inner,
        fork: async (plan, till) => {
          if (fails) throw unusable;
          return await inner.fork(plan, till);
        },
        [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
      };
    },
  });
  await using opened = await it.open({ hypervisor });
  await create(opened);
  const { id } = await it.built(opened);

  for (const _attempt of ["one that was killed", "another", "never"]) {
    assert.equal(opened.templates.get(id).id, id);
    const { origin } = (await create(opened)).record;
    assert.deepEqual(origin, { how: "boot", why: "no such device" });
  }
  fails = false;

  assert.throws(() => opened.templates.get(id), { code: "template_not_found" });
  await create(opened);
  assert.notEqual((await it.built(opened)).id, id);
  assert.equal((await create(opened)).record.origin.how, "template");
});

test("templates: a copy whose agent does not confirm is never ready, and gone afterwards", async () => {
  await using it = await TemplateHost.make();
  const { host } = it;
  await using opened = await it.open({
    renewGuest: () => Promise.reject(new Error("the agent would not")),
  });
  const first = await create(opened);
  await it.built(opened);
  const ready: string[] = [];
  using _listening = opened.vms.onChange((vm) => {
    if (vm !== first && vm.contact?.current) ready.push(vm.record.hostname);
  });

  for (const kind of ["sandbox", "persistent"] as const) {
    await assert.rejects(create(opened, { kind }), /did not confirm .*: the agent would not/);
  }

  await eventually("they are gone", () => opened.vms.list().length === 1);
  assert.deepEqual(ready, []);
  assert.deepEqual(await host.disks.list(), [first.record.id]);
  assert.deepEqual(host.store.all(), [first.record]);
  assert.equal(host.world.living().length, 1);
});

test("templates: a copy that its daemon left before it had confirmed does so with the next one", async () => {
  await using it = await TemplateHost.make();
  const { host } = it;
  const hostname = await (async () => {
    await using opened = await it.open({ renewGuest: () => new Promise(() => {}) });
    await create(opened);
    await it.built(opened);
    const vm = await opened.vms.create("sbox", aRequest({}), never);
    await eventually("it runs", () => vm.phase === "running");
    return vm.record.hostname;
  })();

  await using opened = await it.open();
  const vm = opened.vms.get(hostname);
  await vm.contact?.link(never);

  assert.equal(vm.record.receipt?.hostname, hostname);
  assert.equal(host.boxOf(vm).guest.hostname, hostname);
});

test("templates: a copy that had not got all of its memory when its daemon died boots with the next one", async () => {
  await using it = await TemplateHost.make();
  const { host } = it;
  const hostname = await (async () => {
    await using opened = await it.open({ renewGuest: () => new Promise(() => {}) });
    await create(opened);
    await it.built(opened);
    const vm = await opened.vms.create("sbox", aRequest({}), never);
    await eventually("it runs", () => vm.phase === "running");
    host.boxOf(vm).guest.pause();
    const { id, state } = vm.record;
    const event = { vmId: id, hostname: vm.record.hostname, at: new Date(), reason: undefined };
    const starting = { ...state, phase: "starting" } as const;
    host.store.saveState(id, starting, { ...event, input: "arranged", phase: "starting" });
    return vm.record.hostname;
  })();

  const dead = { pause: disliked, resume: disliked };
  const hypervisor = hypervisorWith(host.hypervisor, () => ({ pausing: dead }));
  await using opened = await it.open({ hypervisor });
  const vm = opened.vms.get(hostname);
  await eventually("it is confirmed", () => vm.record.receipt !== undefined);

  assert.deepEqual(host.lifeOf(vm).slice(-3), ["lost", "start", "booted"]);
  assert.equal(host.boxOf(vm).guest.hostname, hostname);
});

test("templates: one that is removed leaves VMs their disk until the last of them is gone", async () => {
  await using it = await TemplateHost.make();
  await using opened = await it.open();
  await create(opened);
  const { id, layer } = await it.built(opened);
  const vm = await create(opened);

  await opened.templates.remove(id);

  assert.deepEqual(await readdir(it.root), []);
  assert.deepEqual(
    it.host.layers.list().map((one) => one.id),
    [layer],
  );
  await opened.vms.delete(vm);
  assert.deepEqual(it.host.layers.list(), []);
});

test("templates: one that cannot be built leaves nothing, and VMs boot", async () => {
  await using it = await TemplateHost.make();
  const { host } = it;
  const hypervisor = withTemplates(host.hypervisor, {
    boot: async (plan, signal) => {
      const machine = await host.hypervisor.templates.boot(plan, signal);
      return Object.assign(machine, { freeze: () => Promise.reject(new Error("no room")) });
    },
  });
  await using opened = await it.open({ hypervisor });
  const first = await create(opened);
  await eventually("it failed", () => host.log.troubles().includes("template.build_failed"));
  const second = await create(opened);
  await new Promise((resolve) => setTimeout(resolve, 500)); // longer than a builder waits for quiet

  const why = "The template could not be built: no room";
  assert.deepEqual(second.record.origin, { how: "boot", why });
  assert.deepEqual(host.log.troubles(), ["template.build_failed"], "it is not tried again at once");
  const ids = [first.record.id, second.record.id];
  assert.deepEqual((await host.disks.list()).toSorted(), ids.toSorted());
  assert.deepEqual(await readdir(it.root), []);
  assert.deepEqual(host.layers.list(), []);
  assert.equal(host.world.living().length, 2);
});

test("templates: one that would take the room that VMs may use is not built, and that is said", async () => {
  await using it = await TemplateHost.make();
  const { log } = it.host;
  let freeBytes = 64 * GIB;
  const hostFacts = { ...roomyFacts, disk: async () => ({ totalBytes: 64 * GIB, freeBytes }) };
  const hypervisor = withTemplates(it.host.hypervisor, {
    boot: async (plan, signal) => {
      const machine = await it.host.hypervisor.templates.boot(plan, signal);
      freeBytes = 0; // the guests of VMs have written meanwhile
      return machine;
    },
  });
  await using opened = await it.open({ hypervisor, hostFacts });
  const wanted = await opened.works.wantedBy(it.host.groups.get("sbox"), it.images);

  await assert.rejects(opened.works.build(wanted, never), {
    code: "no_capacity",
    message: /^Not enough disk space/,
  });

  assert.deepEqual(log.troubles(), ["template.build_failed"]);
  assert.deepEqual([await readdir(it.root), it.host.layers.list()], [[], []]);
  assert.deepEqual([await it.host.disks.list(), it.host.world.living()], [[], []]);
});

test("templates: the oldest goes when all together take too much", async () => {
  await using it = await TemplateHost.make();
  await using opened = await it.open({}, { maxBytes: -1 });
  await create(opened);
  const first = await it.built(opened);
  await create(opened, { vcpus: 1 });
  await eventually("the other is built", () => {
    const [only, ...more] = opened.templates.list();
    return only !== undefined && only.id !== first.id && more.length === 0;
  });

  await eventually("its disk is gone", () => it.host.layers.list().length === 1);
  assert.equal(it.host.layers.list()[0]?.id, opened.templates.list()[0]?.layer);
});

test("templates: asked for twice, one is built once; when the daemon ends it is given up", async () => {
  await using it = await TemplateHost.make();
  await using opened = await it.open();
  const { works } = opened;
  const group = it.host.groups.get("sbox");
  const wanted = await works.wantedBy(group, it.images);

  const [one, two] = await Promise.all([works.build(wanted, never), works.build(wanted, never)]);
  assert.equal(one.id, two.id);
  assert.equal((await works.build(wanted, never)).id, one.id);
  assert.deepEqual(works.list(), []);

  const other = { ...wanted, key: "f".repeat(64) };
  const building = works.build(other, never);
  const refused = assert.rejects(building, /the daemon ends/);
  await works[Symbol.asyncDispose]();
  await refused;
});
