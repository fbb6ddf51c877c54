/**
 * What drivers must do that make machines from the memory of another, as tests: part of `conformance.ts`,
 * which runs them where `Hypervisor.templates` is present.
 *
 * What it cannot see: whether a fork becomes somebody of its own; that is the guest link's.
 */

import assert from "node:assert/strict";
import { appendFile, mkdir, open as openFile, readdir, stat } from "node:fs/promises";
import path from "node:path";
import { describe, test } from "node:test";

import type { GuestLink } from "#core/ports/guest-link.ts";
import type { Hypervisor } from "#core/ports/hypervisor.ts";
import type { BootPlan, DiskPlan, Machine } from "#core/ports/machine.ts";
import type { MachineTemplates, OpenTemplate } from "#core/ports/machine-templates.ts";

export interface TemplatesHarness {
  /** a driver as a daemon that has just started makes it: it remembers no machine */
  readonly open: () => Hypervisor;
  /** a plan for a new VM; all plans share one run root, in which the run directory is named for the VM */
  readonly freshPlan: () => Promise<BootPlan>;
  /** a new empty overlay on a disk that nobody writes to any more */
  readonly overlayOn: (disk: DiskPlan) => Promise<DiskPlan>;
  readonly dial: (machine: Machine) => Promise<GuestLink>;
  readonly runs: (pid: number) => boolean;
}

const never = new AbortController().signal;

const LIMIT = { timeout: 180_000 };

const ROOT = { user: { uid: 0, gid: 0 } } as const;

interface Frozen {
  readonly plan: BootPlan;
  readonly directory: string;
  readonly bootId: string;
}

export function describeTemplates(name: string, harness: TemplatesHarness): void {
  const { open, freshPlan, overlayOn, dial } = harness;

  const templates = (): MachineTemplates => {
    const powers = open().templates;
    assert.ok(powers, "the driver has no templates");
    return powers;
  };

  /** A machine that has written `marks`, frozen and gone. */
  async function frozenMachine(...marks: readonly string[]): Promise<Frozen> {
    const plan = await freshPlan();
    await using machine = await templates().boot(plan, never);
    const bootId = await withLink(machine, async (link) => {
      for (const mark of marks) await leave(mark, link);
      return link.agent.bootId;
    });
    const home = `${plan.consoleLogPath}-templates`;
    await mkdir(home);
    const directory = path.join(home, "one");
    await machine.freeze(directory, never);
    return { plan, bootId, directory };
  }

  async function planOn({ disks }: BootPlan): Promise<BootPlan> {
    return { ...(await freshPlan()), disks: await Promise.all(disks.map(overlayOn)) };
  }

  async function forkOf(template: OpenTemplate, of: BootPlan): Promise<Machine> {
    const fork = await template.fork(await planOn(of), never);
    await fork.pausing?.resume(never);
    return fork;
  }

  async function withLink<T>(machine: Machine, use: (link: GuestLink) => Promise<T>): Promise<T> {
    await using link = await dial(machine);
    return await use(link);
  }

  const marksIn = (machine: Machine) => withLink(machine, found);

  async function leavesNothing(plan: BootPlan): Promise<void> {
    assert.equal(await open().adopt(plan, undefined, never), undefined, "a machine still runs");
  }

  describe(`${name}: templates`, LIMIT, () => {
    test("a fork stands still until it is resumed, and goes on where the template was frozen", async () => {
      const { plan, directory, bootId } = await frozenMachine("before");
      await using template = await templates().open(directory, never);

      await using fork = await template.fork(await planOn(plan), never);

      assert.equal(fork.pausedAtStart, true);
      assert.equal(harness.runs(fork.pid), true);
      await fork.pausing?.resume(never);
      await using link = await dial(fork);
      assert.equal(link.agent.bootId, bootId);
      assert.deepEqual(await found(link), ["before"]);
    });

    test("forks do not see what others write, and the template stays as it was", async () => {
      const { plan, directory } = await frozenMachine("before");
      await using template = await templates().open(directory, never);
      await using one = await forkOf(template, plan);
      await using two = await forkOf(template, plan);

      await withLink(one, (link) => leave("one", link));
      await withLink(two, (link) => leave("two", link));

      await using late = await forkOf(template, plan);
      assert.deepEqual(await marksIn(one), ["before", "one"]);
      assert.deepEqual(await marksIn(two), ["before", "two"]);
      assert.deepEqual(await marksIn(late), ["before"]);
      await using again = await templates().open(directory, never);
      await using later = await forkOf(again, plan);
      assert.deepEqual(await marksIn(later), ["before"]);
    });

    test("a template says what it is, and forks outlive its being open", async () => {
      const { plan, directory } = await frozenMachine();
      const state = await templates().find(directory);
      assert.ok(state);
      assert.match(state.digest, /^[0-9a-f]{64}$/);
      const [forkPlan, latePlan] = [await planOn(plan), await planOn(plan)];
      const template = await templates().open(directory, never);
      const forking = template.fork(forkPlan, never);

      await template[Symbol.asyncDispose](); // while one is being made

      await using fork = await forking;
      await assert.rejects(template.fork(latePlan, never), { code: "state_unusable" });
      await fork.pausing?.resume(never);
      await withLink(fork, (link) => leave("after", link));
      assert.deepEqual(await marksIn(fork), ["after"]);
      assert.deepEqual(await templates().find(directory), state);
      assert.deepEqual(await readdir(path.dirname(directory)), ["one"]);
    });

    test("a fork is found again by the next daemon, standing still as it was left", async () => {
      const { plan, directory, bootId } = await frozenMachine();
      await using template = await templates().open(directory, never);
      const forkPlan = await planOn(plan);
      const fork = await template.fork(forkPlan, never);
      await fork.abandon();

      await using found_ = await open().adopt(forkPlan, fork.handle, never);

      assert.equal(found_?.pid, fork.pid);
      assert.equal(found_.pausedAtStart, true);
      await found_.pausing?.resume(never);
      assert.equal(await withLink(found_, async (link) => link.agent.bootId), bootId);
    });

    test("a fork can be saved and restored like any machine", async () => {
      const { plan, directory } = await frozenMachine("before");
      await using template = await templates().open(directory, never);
      const forkPlan = await planOn(plan);
      const saved = path.join(path.dirname(directory), "saved");
      {
        await using fork = await template.fork(forkPlan, never);
        await fork.pausing?.resume(never);
        await withLink(fork, (link) => leave("fork", link));
        await fork.pausing?.pause(never);
        const most = fork.saving?.maxSizeBytes() ?? 0;
        const state = await fork.saving?.save(saved, "durable", never);
        assert.ok((state?.sizeBytes ?? 0) <= most, `${state?.sizeBytes} of ${most}`);
      }

      await using restored = await open().states?.restore(forkPlan, saved, never);

      assert.ok(restored);
      await restored.pausing?.resume(never);
      assert.deepEqual(await marksIn(restored), ["before", "fork"]);
    });

    test("a fork that is called off leaves nothing, and harms no other", async () => {
      const { plan, directory } = await frozenMachine("before");
      await using template = await templates().open(directory, never);
      const [forkPlan, reason] = [await planOn(plan), new Error("client left")];
      const leaving = new AbortController();
      setImmediate(() => leaving.abort(reason));

      await assert.rejects(template.fork(forkPlan, leaving.signal), reason);
      await assert.rejects(template.fork(forkPlan, AbortSignal.abort(reason)), reason);

      await leavesNothing(forkPlan);
      await using fork = await template.fork(forkPlan, never);
      await fork.pausing?.resume(never);
      assert.deepEqual(await marksIn(fork), ["before"]);
    });

    test("a freeze that is called off leaves no template", async () => {
      const plan = await freshPlan();
      await using machine = await templates().boot(plan, never);
      const home = `${plan.consoleLogPath}-templates`;
      await mkdir(home);
      const reason = new Error("the daemon stops");
      const leaving = new AbortController();
      setImmediate(() => leaving.abort(reason));

      await assert.rejects(machine.freeze(path.join(home, "one"), leaving.signal), reason);

      assert.deepEqual(await readdir(home), []);
    });

    test("the key is the same for machines that are made alike, and for no others", async () => {
      const plan = await freshPlan();
      const alike = await freshPlan();
      const others = [
        { ...plan, vcpus: plan.vcpus + 1 },
        { ...plan, memoryMiB: plan.memoryMiB * 2 },
        { ...plan, kernel: plan.kernel && { ...plan.kernel, args: ["other"] } },
        { ...plan, network: { mode: "detached", mac: "52:54:00:12:34:56" } },
      ] as const;

      const key = await templates().keyOf(plan, never);

      assert.match(key, /^[0-9a-f]{64}$/);
      assert.equal(await templates().keyOf(alike, never), key);
      const keys = await Promise.all(others.map((other) => templates().keyOf(other, never)));
      assert.equal(new Set([key, ...keys]).size, others.length + 1);
    });

    test("another machine than the frozen one is refused, and nothing is left of it", async () => {
      const { plan, directory } = await frozenMachine();
      await using template = await templates().open(directory, never);
      const forkPlan = await planOn(plan);

      for (const other of [
        { ...forkPlan, vcpus: forkPlan.vcpus + 1 },
        { ...forkPlan, memoryMiB: forkPlan.memoryMiB * 2 },
      ]) {
        await assert.rejects(template.fork(other, never), { code: "state_unusable" });
        await leavesNothing(other);
      }
    });

    test("whatever of a template was damaged, it is refused", async () => {
      const { directory } = await frozenMachine("before");
      const refused = { code: "state_unusable", message: /^The template cannot be used: / };

      for (const file of await readdir(directory)) {
        for (const damage of [flippedBit, shortened]) {
          await using _damage = await damage(path.join(directory, file));
          await assert.rejects(templates().open(directory, never), refused, damage.name + file);
        }
        await using sound = await templates().open(directory, never);
        assert.ok(sound.memoryBytes >= 0);
      }
    });

    test("what was begun and not finished is no template", async () => {
      const home = `${(await freshPlan()).consoleLogPath}-templates`;
      await mkdir(home);

      assert.equal(await templates().find(home), undefined);
      await assert.rejects(templates().open(home, never), { code: "state_unusable" });
    });
  });
}

/** where marks are left, on the disk as the guest sees it */
const MARKS = "/var/marks";

async function leave(mark: string, link: GuestLink): Promise<void> {
  const made = { ...ROOT, path: `${MARKS}/${mark}`, recursive: true, mode: 0o755 };
  await link.makeDirectory(made, never);
}

async function found(link: GuestLink): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const { name } of await link.readDirectory({ ...ROOT, path: MARKS }, never)) {
    names.push(name);
  }
  return names.toSorted();
}

/** A file with one bit changed, until it is disposed. */
async function flippedBit(file: string): Promise<AsyncDisposable> {
  const flip = async () => {
    await using handle = await openFile(file, "r+");
    const at = Math.floor((await handle.stat()).size / 2);
    const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, at);
    await handle.write(Buffer.from([buffer.readUInt8(0) ^ 1]), 0, 1, at);
  };
  await flip();
  return { [Symbol.asyncDispose]: flip };
}

/** A file without its last byte, until it is disposed. */
async function shortened(file: string): Promise<AsyncDisposable> {
  const { size } = await stat(file);
  await using handle = await openFile(file, "r+");
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
  await handle.truncate(size - 1);
  return { [Symbol.asyncDispose]: () => appendFile(file, buffer) };
}
