/** A daemon that is killed at any step leaves enough for the next one: every step of every story is tried as the last. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { ExecutionStage } from "#testing/aleph-executions.ts";
import { hashOf } from "#testing/aleph-source.ts";
import { eventually } from "#testing/eventually.ts";
import { never } from "#testing/fake-host.ts";
import { Mortality } from "#testing/mortal-daemon.ts";

import type { Executions } from "./executions.ts";

const VM = hashOf("1");
const SSH = { vmPort: 22, hostPort: 24_000, tcp: true, udp: false };
const LAUNCH = { session: "YQ==", godh: "Yg==" };

/** more steps than any story has */
const MANY_STEPS = 60;

interface Story {
  /** what has happened before, in good health */
  readonly before: (executions: Executions) => Promise<unknown>;
  /** what the daemon dies in */
  readonly act: (executions: Executions, mortality: Mortality) => Promise<unknown>;
  /** how it may be in the end, whoever brought it there: `was` when nothing had been stored of it yet */
  readonly ends: readonly string[];
  readonly confidential?: true;
}

const nothing = async () => {};
const start = (executions: Executions) => executions.ensureRunning(VM, never);
const stop = (executions: Executions) => executions.stop(VM, never);

const STORIES: Readonly<Record<string, Story>> = {
  "a first start": { before: nothing, act: start, ends: ["unknown", "running"] },
  "a stop": { before: start, act: stop, ends: ["running", "stopped"] },
  "a start after a stop": {
    before: async (executions) => {
      await start(executions);
      await stop(executions);
    },
    act: start,
    ends: ["stopped", "running"],
  },
  "an erasure": {
    before: start,
    act: (executions) => executions.erase(VM, never),
    ends: ["running", "unknown"],
  },
  "an erasure of what was stopped": {
    before: async (executions) => {
      await start(executions);
      await stop(executions);
    },
    act: (executions) => executions.erase(VM, never),
    ends: ["stopped", "unknown"],
  },
  "a reboot": {
    before: start,
    act: (executions) => executions.reboot(VM, never),
    ends: ["running"],
  },
  "a reinstallation": {
    before: start,
    act: (executions) => executions.reinstall(VM, { volumes: "remove" }, never),
    ends: ["running"],
  },
  "a stop by the scheduler": {
    before: start,
    act: (executions) => executions.allocate({ persistentVms: [], instances: [] }, never),
    ends: ["running", "stopped"],
  },
  "work on the disks of a VM": {
    before: start,
    act: (executions) => executions.whileStopped(VM, nothing, never),
    ends: ["running"],
  },
  "an expiry": {
    before: start,
    act: async (executions, mortality) => {
      await executions.expire(VM, 0.001, never);
      const isOver = () => executions.find(VM)?.record.ended === "expired";
      await eventually("it expires", () => isOver() || mortality.isDead);
    },
    ends: ["running", "stopped"],
  },
  "a reboot of a confidential VM": {
    before: async (executions) => {
      await start(executions);
      await executions.initialize(VM, LAUNCH, never);
      await executions.released(VM, never);
    },
    act: (executions) => executions.reboot(VM, never),
    ends: ["running"],
    confidential: true,
  },
  "a reinstallation of a confidential VM": {
    before: async (executions) => {
      await start(executions);
      await executions.initialize(VM, LAUNCH, never);
    },
    act: (executions) => executions.reinstall(VM, { volumes: "keep" }, never),
    ends: ["running", "awaiting confidential init"],
    confidential: true,
  },
  "a start of a confidential VM": {
    before: start,
    act: (executions) => executions.initialize(VM, LAUNCH, never),
    ends: ["awaiting confidential init", "running"],
    confidential: true,
  },
};

describe("executions outlive a daemon that is killed", () => {
  for (const [title, story] of Object.entries(STORIES)) {
    test(`in ${title}`, async () => {
      const seen = new Set<string>();
      for (let steps = 0; steps < MANY_STEPS; steps += 1) {
        const { end, died } = await lives(story, steps);
        assert.ok(story.ends.includes(end), `after ${steps} steps it ends as ${end}`);
        seen.add(end);
        if (!died) break;
        assert.notEqual(steps, MANY_STEPS - 1, "the story has an end");
      }
      assert.deepEqual([...seen].toSorted(), story.ends.toSorted(), "every end was met");
    });
  }
});

/** Plays a story with a daemon that comes so far, and looks at what the next one makes of it. */
async function lives(story: Story, steps: number): Promise<{ end: string; died: boolean }> {
  await using stage = new ExecutionStage();
  publish(stage, story);
  const healthy = stage.open();
  await settled(stage, healthy);
  await story.before(healthy);
  await stage.close();

  const mortality = new Mortality(Infinity);
  const doomed = stage.open(mortality);
  await settled(stage, doomed);
  mortality.limit(steps);
  await Promise.allSettled([story.act(doomed, mortality)]);
  const died = mortality.isDead;
  mortality.limit(0);

  const next = stage.open();
  await settled(stage, next);
  check(stage, next);
  return { end: next.find(VM)?.state ?? "unknown", died };
}

function publish(stage: ExecutionStage, { confidential }: Story): void {
  stage.source.files.set(hashOf("f"), "/store/firmware");
  const trusted_execution = { policy: 1, firmware: hashOf("f") };
  const environment = { internet: true, aleph_api: true, hypervisor: "qemu" };
  stage.source.publish(VM, {
    environment: confidential ? { ...environment, trusted_execution } : environment,
  });
}

/** Waits until a daemon has taken up what it found, and what follows from that has ended. */
async function settled(stage: ExecutionStage, executions: Executions): Promise<void> {
  const takenUp = () => stage.log.lines.filter(({ event }) => event === "aleph.taken_up").length;
  await eventually("it is taken up", () => takenUp() === stage.opened);
  const rests = new Set(["running", "stopped", "awaiting confidential init", "unknown"]);
  await eventually("what was begun is brought to its end", () => {
    const view = executions.find(VM);
    return rests.has(view?.state ?? "unknown") && view?.record.task === undefined;
  });
}

/** What is so whatever has happened. */
function check(stage: ExecutionStage, executions: Executions): void {
  const view = executions.find(VM);
  const inside = stage.store.all().filter(({ ended }) => ended === undefined);
  assert.ok(inside.length <= 1, "a VM is in once at most");
  assert.equal(stage.room.runs(VM), view?.running ?? false, "what runs is known, and the reverse");
  if (view?.running) {
    assert.deepEqual(view.record.ports, [SSH], "it has the port that it always had");
    assert.deepEqual(stage.room.machines.get(VM)?.ports, [SSH], "which is open");
    assert.ok(view.record.times.started && view.record.times.prepared);
  }
  if (view?.running === true && view.record.confidential) {
    assert.deepEqual(stage.room.machines.get(VM)?.launch, LAUNCH, "it can be told its secret");
  }
  if (view === undefined) {
    assert.equal(stage.room.machines.has(VM), false, "nothing is left of what is not known");
    assert.equal(stage.room.disks.has(VM), false);
    assert.deepEqual(stage.store.portMappings(), []);
  } else {
    assert.ok(stage.room.disks.has(VM), "what is known has its disks");
  }
}
