import assert from "node:assert/strict";
import { existsSync, statSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";

import { AlcoveError, type ErrorCode } from "#core/errors.ts";
import type { Machine } from "#core/ports/machine.ts";
import type { VmSupervisor } from "#core/vm/supervisor.ts";
import { refusal } from "#drivers/fake/refusal.ts";
import { eventually } from "#testing/eventually.ts";
import { type FakeHost, never } from "#testing/fake-host.ts";
import { filesOf, type ForkStage, forkStage } from "#testing/fork-stage.ts";
import { dialerWith, hypervisorWith, silentDialer } from "#testing/troubles.ts";

import type { LiveForkDeps } from "./live-fork.ts";

function is(code: ErrorCode, message?: RegExp) {
  return (error: unknown) =>
    AlcoveError.is(error, code) && (message === undefined || message.test(error.message));
}

const full = async (): Promise<never> => {
  throw new Error("no space left on device");
};

const busy = () => Promise.reject(refusal("busy", "/data: somebody else holds it frozen"));

/** Machines one of whose powers goes wrong; the others are as usual. */
function failing(what: "save" | "addLayer" | "pause") {
  return (host: FakeHost) => ({
    hypervisor: hypervisorWith(host.hypervisor, ({ saving, layering, pausing }: Machine) => {
      assert.ok(saving && layering && pausing);
      if (what === "save") return { saving: { maxSizeBytes: () => 1, save: full } };
      if (what === "addLayer") return { layering: { addLayer: full } };
      return { pausing: { resume: (signal) => pausing.resume(signal), pause: full } };
    }),
  });
}

/** Nothing has happened to the source: it runs, stands where it stood, and has no more files than before. */
async function assertUntouched({ host, source }: ForkStage): Promise<void> {
  const { guest, disks } = host.boxOf(source);
  assert.deepEqual([source.phase, guest.paused, guest.frozen], ["running", false, false]);
  assert.equal(source.record.layer, undefined);
  assert.deepEqual(host.store.all(), [source.record]);
  assert.equal(path.basename(disks.get("root") ?? ""), "disk.qcow2");
  assert.deepEqual(await filesOf(host, source), ["console.log", "disk.qcow2"]);
  assert.deepEqual(host.layers.list(), []);
  assert.ok(await (await source.contact?.link(never))?.health(never));
}

for (const what of ["save", "addLayer", "pause"] as const) {
  test(`live copy: when ${what} fails, the source goes on as before`, async () => {
    await using it = await forkStage({ parts: failing(what) });
    await assert.rejects(it.fork(), is("hypervisor_failed", /could not be copied: no space left/));
    await assertUntouched(it);
  });
}

const FAILING_PARTS: Readonly<Record<string, (host: FakeHost) => Partial<LiveForkDeps>>> = {
  "sealing the disk": ({ layers }) => ({ layers: over(layers, { seal: full }) }),
  "a new overlay": ({ disks }) => ({ disks: over(disks, { addOverlay: full }) }),
};

for (const [what, different] of Object.entries(FAILING_PARTS)) {
  test(`live copy: when ${what} fails, the source goes on as before`, async () => {
    await using it = await forkStage();
    await assert.rejects(it.fork({}, never, different(it.host)), is("hypervisor_failed"));
    await assertUntouched(it);
    assert.equal((await it.fork()).children.length, 1, "and can be forked afterwards");
  });
}

test("live copy: when it cannot be put on record, the source goes on as before", async () => {
  await using it = await forkStage({
    parts: (host) => ({ store: over(host.store, { saveGround: () => assert.fail("disk I/O") }) }),
  });
  await assert.rejects(it.fork(), is("hypervisor_failed", /disk I\/O/));
  await assertUntouched(it);
});

test("live copy: when the machine dies of it, that is said", async () => {
  const died = Promise.withResolvers<never>();
  const dying = Promise.withResolvers<void>();
  const save = () => {
    dying.resolve();
    return died.promise;
  };
  await using it = await forkStage({
    parts: ({ hypervisor }) => ({
      hypervisor: hypervisorWith(hypervisor, () => ({ saving: { maxSizeBytes: () => 1, save } })),
    }),
  });
  const { host, source } = it;
  const forking = it.fork();
  await dying.promise;
  host.boxOf(source).end({ kind: "crash", lastWords: "QEMU was ended by SIGKILL" });
  died.reject(new Error("read ECONNRESET"));

  await assert.rejects(forking, is("hypervisor_failed", /could not be copied: QEMU was ended/));

  await eventually("it has failed", () => source.phase === "failed");
  assert.deepEqual(host.layers.list(), []);
});

test("live copy: a guest whose agent is silent, or cannot hold still, is not forked", async () => {
  await using silent = await forkStage({ parts: () => ({ dialer: silentDialer }), ready: false });
  await assert.rejects(silent.fork(), is("guest_unreachable", /agent does not answer/));
  assert.deepEqual(await filesOf(silent.host, silent.source), ["console.log", "disk.qcow2"]);

  await using restless = await forkStage({
    parts: ({ dialer }) => ({ dialer: dialerWith(dialer, () => ({ quiesce: busy })) }),
  });
  await assert.rejects(restless.fork(), is("guest_refused", /somebody else holds it frozen/));
  await assertUntouched(restless);
});

/** what the old daemon was about to do when it was killed */
const STEPS = ["save", "seal", "overlay", "record", "addLayer", "added", "resume"] as const;

for (const step of STEPS) {
  test(`live copy: a daemon killed before or in "${step}" costs the VM nothing`, async () => {
    const gate = new Gate();
    await using it = await forkStage({ parts: (host) => gate.partsFor(host, step) });
    const { host, source } = it;
    using _open = gate;
    const { guest } = host.boxOf(source);
    guest.files.write("/tmp/note", Buffer.from("kept"), undefined);
    it.fork({}, never, gate.depsFor(host, step)).catch(() => {});
    await gate.reached;

    await source.contact?.current?.[Symbol.asyncDispose](); // as its end ends its sessions
    const next = await host.open(); // the old one does nothing more
    const vm = next.get("sbox-1");

    assert.equal(vm.phase, "running");
    await eventually("the guest runs", () => !guest.paused);
    await eventually("its files can be written", () => !guest.frozen);
    assert.ok(await vm.contact?.link(never));
    assertOnRecord(host, vm);
    assert.deepEqual(
      (await filesOf(host, vm)).filter((name) => name !== "console.log"),
      [overlayOf(vm)],
    );
    const layers = host.layers.list().map(({ id }) => id);
    assert.deepEqual(layers, vm.record.layer === undefined ? [] : [vm.record.layer]);
  });
}

/** The disk on record is the file that the machine writes to; or it is empty, and what it stands on is that file. */
function assertOnRecord(host: FakeHost, vm: VmSupervisor): void {
  const written = host.boxOf(vm).disks.get("root") ?? "";
  const { record } = vm;
  const image = { path: "/image", format: "raw", virtualSizeBytes: 1 } as const;
  const disk = host.disks.rootDisk(record.id, { image, layer: record.layer });
  assert.ok(existsSync(disk.path));
  if (path.basename(written) === path.basename(disk.path)) return;
  assert.ok(statSync(disk.path).size < 1024 * 1024, "nothing was written to it");
  assert.ok(disk.backing && existsSync(disk.backing.path));
}

function overlayOf({ record: { layer } }: VmSupervisor): string {
  return layer === undefined ? "disk.qcow2" : `disk-${layer}.qcow2`;
}

/** The same with some of it different. */
function over<T extends object>(inner: T, different: Partial<T>): T {
  return new Proxy(inner, {
    get(target, name) {
      const value: unknown = Reflect.get(name in different ? different : target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** A place that is reached and not passed before the test is over. */
class Gate implements Disposable {
  readonly #reached = Promise.withResolvers<void>();
  readonly #open = Promise.withResolvers<void>();
  /** the first time only: what comes after the test's end passes */
  #isOpen = false;

  get reached(): Promise<void> {
    return this.#reached.promise;
  }

  partsFor(host: FakeHost, step: (typeof STEPS)[number]) {
    const hypervisor = hypervisorWith(host.hypervisor, ({ saving, layering, pausing }: Machine) => {
      assert.ok(saving && layering && pausing);
      const { wait } = this;
      return {
        saving: {
          maxSizeBytes: () => 1,
          save: async (...order) => {
            if (step === "save") await wait();
            return saving.save(...order);
          },
        },
        layering: {
          addLayer: async (...order) => {
            if (step === "addLayer") await wait();
            await layering.addLayer(...order);
            if (step === "added") await wait();
          },
        },
        pausing: {
          pause: (signal) => pausing.pause(signal),
          resume: async (signal) => {
            if (step === "resume") await wait();
            await pausing.resume(signal);
          },
        },
      };
    });
    return { hypervisor };
  }

  depsFor({ layers, disks }: FakeHost, step: (typeof STEPS)[number]): Partial<LiveForkDeps> {
    const { wait } = this;
    if (step === "seal") {
      return {
        layers: over(layers, {
          seal: async (...order) => wait().then(() => layers.seal(...order)),
        }),
      };
    }
    if (step !== "overlay" && step !== "record") return {};
    return {
      disks: over(disks, {
        addOverlay: async (...order) => {
          if (step === "overlay") await wait();
          await disks.addOverlay(...order);
          if (step === "record") await wait();
        },
      }),
    };
  }

  readonly wait = async (): Promise<void> => {
    this.#reached.resolve();
    if (!this.#isOpen) await this.#open.promise;
  };

  [Symbol.dispose](): void {
    this.#isOpen = true;
    this.#open.resolve();
  }
}
