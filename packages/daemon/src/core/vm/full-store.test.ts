/** VMs whose machines end while the database cannot be written: the host's disk is full. */

import assert from "node:assert/strict";
import { test } from "node:test";

import type { VmStore } from "#core/ports/vm-store.ts";
import { eventually } from "#testing/eventually.ts";
import { aRequest, FakeHost, never } from "#testing/fake-host.ts";

import { becomesReady } from "./readiness.ts";

class FullStore {
  isFull = false;
  readonly store: VmStore;

  constructor({ store }: FakeHost) {
    const saveState: VmStore["saveState"] = (...change) => {
      if (this.isFull) throw new Error("database or disk is full");
      store.saveState(...change);
    };
    this.store = new Proxy(store, {
      get(target, name) {
        if (name === "saveState") return saveState;
        const value: unknown = Reflect.get(target, name);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  }
}

for (const kind of ["sandbox", "persistent"] as const) {
  test(`full store: a ${kind} whose end cannot be stored is deleted as soon as it can`, async () => {
    await using host = await FakeHost.make();
    const full = new FullStore(host);
    const vms = await host.open({ store: full.store });
    const vm = await vms.create("sbox", aRequest({ kind }), never);
    await becomesReady(vms, vm, "agent", never);

    full.isFull = true;
    host.boxOf(vm).end({ kind: "crash", lastWords: "out of memory" });
    await eventually("it is noticed", () => host.log.troubles().includes("vm.end_not_stored"));
    await assert.rejects(vms.delete(vm), /disk is full/);
    full.isFull = false;
    await vms.delete(vm);

    assert.deepEqual([vms.list(), host.store.all(), await host.disks.list()], [[], [], []]);
  });
}
