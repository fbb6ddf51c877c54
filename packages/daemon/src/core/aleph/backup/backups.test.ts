import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { unlessAborted } from "#lib/patience.ts";
import { eventually } from "#testing/eventually.ts";
import { RememberingLog } from "#testing/remembering-log.ts";
import { aVmRecord } from "#testing/vm-records.ts";

import type { VmPhase } from "../../vm/lifecycle.ts";
import type { OwnRoot, VmVolume } from "../../vm/vm.ts";
import { type ItemHash, parseItemHash } from "../item-hash.ts";
import type { BackupStore, BackupWork, IncomingDisk, StoredBackup } from "../ports/backup-store.ts";
import { Refusal, type RefusalKind } from "../refusal.ts";
import { Backups, type BackupsDeps } from "./backups.ts";
import type { VmToCopy } from "./vm-disks.ts";

const never = new AbortController().signal;
const VM = hashOf("decadeca");
const OTHER = hashOf("cafecafe");
const DAY_MS = 24 * 60 * 60 * 1000;
const WHOLE = { volumes: true, freeze: true };

const ROOT: OwnRoot = {
  path: "/volumes/rootfs.qcow2",
  parent: { path: "/cache/parent", format: "raw" },
  sizeBytes: 1024,
  boot: "kernel",
};
const VOLUME: VmVolume = {
  serial: "data",
  path: "/volumes/data.ext4",
  format: "raw",
  readOnly: false,
  parent: undefined,
  mount: "/data",
};

describe("backups", { timeout: 10_000 }, () => {
  test("one is made in the background, then described, with a link that leads to it", async () => {
    const scene = aScene({});
    assert.deepEqual(await scene.backups.create(VM, WHOLE, never), { kind: "in progress" });
    assert.deepEqual(await scene.backups.create(VM, WHOLE, never), { kind: "in progress" });
    assert.deepEqual(await scene.backups.state(VM, never), { kind: "in progress" });
    await scene.finish();
    const id = `${VM}-20261122T040506Z`;
    const sourceSizes = { "rootfs.qcow2": 1000, "data.qcow2": 1000 };
    const state = await scene.backups.state(VM, never);
    assert.deepEqual(state, {
      kind: "ready",
      backup: {
        id,
        sizeBytes: 5,
        volumes: ["rootfs.qcow2", "data.qcow2"],
        expiresAt: new Date("2026-11-23T04:05:06.700Z"),
        checksum: "sha256:abc",
        sourceSizes,
        downloadUrl: `https://crn.example.org/control/machine/${VM}/backup/${id}?signature=s1gned&expires=99`,
      },
    });
    assert.deepEqual(await scene.backups.create(VM, WHOLE, never), state);
    assert.equal(scene.works.length, 1);
    const download = await scene.backups.download(VM, id, never);
    assert.deepEqual([download.sizeBytes, download.sourceSizeBytes], [5, 2000]);
  });

  test("the guest holds still for as long as its disks are copied, in an order that keeps it from harm", async () => {
    const scene = aScene({});
    await scene.backups.create(VM, WHOLE, never);
    await scene.finish();
    assert.deepEqual(scene.deeds, ["freeze", "pause", "copy", "resume", "thaw"]);
    const quick = aScene({});
    await quick.backups.create(VM, { volumes: false, freeze: false }, never);
    await quick.finish();
    assert.deepEqual(quick.deeds, ["pause", "copy", "resume"]);
    assert.deepEqual(
      quick.works[0]?.disks.map(({ name }) => name),
      ["rootfs.qcow2"],
    );
  });

  test("a guest that does not hold still is copied all the same", async () => {
    const scene = aScene({ freeze: "fails" });
    await scene.backups.create(VM, WHOLE, never);
    await scene.finish();
    assert.deepEqual(scene.deeds, ["pause", "copy", "resume"]);
    assert.deepEqual(scene.log.troubles(), ["aleph.backup_not_frozen"]);
  });

  test("what cannot be backed up is said at once", async () => {
    const refusals: [Partial<Trouble>, RefusalKind, string][] = [
      [{ phase: "stopped" }, "bad request", "VM must be running to create backup"],
      [{ root: undefined }, "bad request", "VM has no disk image"],
      [{ freeBytes: 10 }, "no storage", "A backup needs up to 100 bytes, and 10 bytes are free"],
    ];
    for (const [trouble, kind, message] of refusals) {
      const { backups } = aScene(trouble);
      await assert.rejects(backups.create(VM, WHOLE, never), refused(kind, message));
      await assert.rejects(
        backups.state(VM, never),
        refused("not found", "No backup found for this VM"),
      );
    }
  });

  test("what failed in the background is told once, without what only the host's operator is to know", async () => {
    const scene = aScene({ copying: "fails" });
    await scene.backups.create(VM, WHOLE, never);
    await scene.finish();
    const failed = refused("failed", "Backup failed: its disks could not be copied");
    await assert.rejects(scene.backups.state(VM, never), failed);
    await assert.rejects(
      scene.backups.state(VM, never),
      refused("not found", "No backup found for this VM"),
    );
    assert.deepEqual(scene.log.troubles(), ["aleph.backup_failed"]);
  });

  test("a backup is its VM's only, for a day, and what is no name of one is none", async () => {
    const scene = aScene({});
    await scene.backups.create(VM, WHOLE, never);
    await scene.finish();
    const id = `${VM}-20261122T040506Z`;
    const { backups } = scene;
    const missing = `${VM}-20200101T000000Z`;
    await assert.rejects(
      backups.download(OTHER, id, never),
      refused("forbidden", "Backup does not belong to this VM"),
    );
    await assert.rejects(
      backups.download(VM, "../x", never),
      refused("bad request", "Invalid backup_id"),
    );
    await assert.rejects(
      backups.remove(VM, missing, never),
      refused("not found", `Backup ${missing} not found`),
    );
    scene.pass(DAY_MS);
    await assert.rejects(
      backups.download(VM, id, never),
      refused("not found", `Backup ${id} not found`),
    );
    await backups.sweep(never);
    assert.deepEqual(scene.stored, []);
  });

  test("a restore happens while the VM is stopped, and nothing else goes on meanwhile", async () => {
    const scene = aScene({});
    const content = (async function* () {})();
    const restoring = scene.backups.restore(VM, { kind: "upload", content }, never);
    const busy = refused("conflict", "A backup or restore is already in progress for this VM");
    await assert.rejects(scene.backups.restore(VM, { kind: "volume", ref: OTHER }, never), busy);
    await assert.rejects(scene.backups.create(VM, WHOLE, never), busy);
    await restoring;
    assert.deepEqual(scene.deeds, ["take in", "stop", "install", "start", "clean up"]);
    await scene.backups.restore(VM, { kind: "volume", ref: OTHER }, never);
    assert.deepEqual(scene.taken.at(-1)?.from, `/cache/${OTHER}`);
    assert.equal(scene.taken.at(-1)?.maxBytes, 1024);
  });

  test("a restore that fails says so and no more", async () => {
    const scene = aScene({ installing: "fails" });
    const restoring = scene.backups.restore(VM, { kind: "volume", ref: OTHER }, never);
    await assert.rejects(restoring, refused("failed", "Restore failed"));
    assert.deepEqual(scene.deeds, ["take in", "stop", "start", "clean up"]);
  });

  test("one that is under way when its VM is erased is given up, and nothing is said of it", async () => {
    const scene = aScene({});
    await scene.backups.create(VM, WHOLE, never);
    await eventually("it is under way", () => scene.works.length === 1);
    await scene.backups.forget(VM);
    assert.deepEqual([scene.deeds, scene.stored, scene.log.lines], [[], [], []]);
    await assert.rejects(
      scene.backups.state(VM, never),
      refused("not found", "No backup found for this VM"),
    );
  });
});

interface Trouble {
  readonly phase: VmPhase;
  readonly root: OwnRoot | undefined;
  readonly freeBytes: number;
  readonly freeze: "fails";
  readonly copying: "fails";
  readonly installing: "fails";
}

function aScene(trouble: Partial<Trouble>) {
  const deeds: string[] = [];
  const works: BackupWork[] = [];
  const stored: StoredBackup[] = [];
  const taken: IncomingDisk[] = [];
  const log = new RememberingLog();
  const go = Promise.withResolvers<void>();
  let now = new Date("2026-11-22T04:05:06.700Z").getTime();
  const store: BackupStore = {
    list: async () => stored,
    make: async (work, signal) => {
      works.push(work);
      await unlessAborted(go.promise, signal);
      {
        await using _still = await work.hold(signal);
        deeds.push("copy");
      }
      if (trouble.copying) throw new Error("/volumes/rootfs.qcow2: no such file");
      const { id, vmHash, createdAt } = work;
      const sizes = work.disks.map(({ name }) => [name, 1000] as const);
      const sourceSizes = Object.fromEntries(sizes);
      stored.push({ id, vmHash, createdAt, sizeBytes: 5, sha256: "abc", sourceSizes });
    },
    read: async function* () {},
    remove: async (id) =>
      void stored.splice(0, stored.length, ...stored.filter((it) => it.id !== id)),
    room: async () => ({ neededBytes: 100, freeBytes: trouble.freeBytes ?? 1000 }),
    takeIn: async (incoming) => {
      deeds.push("take in");
      taken.push(incoming);
      return {
        install: async () => {
          if (trouble.installing) throw new Error("disk full");
          deeds.push("install");
        },
        [Symbol.asyncDispose]: async () => void deeds.push("clean up"),
      };
    },
  };
  const deps: BackupsDeps = {
    store,
    findVm: (vmHash) => (vmHash === VM ? aVm(trouble, deeds) : undefined),
    executions: {
      whileStopped: async (_vmHash, work, signal) => {
        deeds.push("stop");
        await work(signal).finally(() => deeds.push("start"));
      },
    },
    messages: { file: async (ref) => `/cache/${ref}` },
    links: { issue: () => ({ signature: "s1gned", expires: 99 }) },
    domainName: "crn.example.org",
    maxRestoreBytes: 1_000_000,
    clock: { now: () => new Date(now) },
    log,
  };
  const backups = new Backups(deps);
  return {
    backups,
    deeds,
    works,
    stored,
    taken,
    log,
    pass: (ms: number) => (now += ms),
    /** lets what waits in the background go on, and waits for it */
    finish: async () => {
      go.resolve();
      await eventually("the backup is over", () =>
        log.lines.some(({ event }) => /backed_up|backup_failed/.test(event)),
      );
      await new Promise(setImmediate);
    },
  };
}

function aVm(trouble: Partial<Trouble>, deeds: string[]): VmToCopy {
  const root = "root" in trouble ? {} : { root: ROOT };
  const usual = aVmRecord({});
  const spec = { ...usual.spec, ...root, volumes: [VOLUME, { ...VOLUME, readOnly: true }] };
  return {
    phase: trouble.phase ?? "running",
    record: { ...usual, spec },
    contact: {
      current: {
        quiesce: async () => {
          if (trouble.freeze) throw new Error("busy");
          deeds.push("freeze");
          return { frozen: ["/"], [Symbol.asyncDispose]: async () => void deeds.push("thaw") };
        },
      },
    },
    pause: async () => void deeds.push("pause"),
    resume: async () => void deeds.push("resume"),
  };
}

function refused(kind: RefusalKind, message: string) {
  return (error: unknown) => {
    assert.ok(error instanceof Refusal);
    assert.deepEqual([error.kind, error.message], [kind, message]);
    return true;
  };
}

function hashOf(eight: string): ItemHash {
  const hash = parseItemHash(eight.repeat(8));
  assert.ok(hash);
  return hash;
}
