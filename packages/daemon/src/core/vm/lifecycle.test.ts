import assert from "node:assert/strict";
import { test } from "node:test";

import {
  hasMachine,
  holdsShare,
  isAtRest,
  keepsMemory,
  nextPhase,
  VM_PHASES,
  type VmInput,
  type VmPhase,
} from "./lifecycle.ts";

const INPUTS: readonly VmInput[] = [
  "start",
  "pause",
  "resume",
  "suspend",
  "restore",
  "stop",
  "kill",
  "delete",
  "booted",
  "exited",
  "crashed",
  "lost",
  "saved",
];

const LIVES: readonly (readonly [string, readonly VmInput[], VmPhase | undefined])[] = [
  ["boot and power off", ["start", "booted", "stop", "exited", "delete"], "deleted"],
  ["pause and resume", ["start", "booted", "pause", "resume"], "running"],
  ["a guest that ends by itself while paused", ["start", "booted", "pause", "exited"], "stopped"],
  ["a boot that fails, and another that works", ["start", "crashed", "start", "booted"], "running"],
  ["killed while booting", ["start", "kill", "crashed"], "stopped"],
  ["a stop that is too slow", ["start", "booted", "stop", "kill", "exited"], "stopped"],
  ["gone with the daemon", ["start", "booted", "lost"], "failed"],
  [
    "suspended and restored",
    ["start", "booted", "suspend", "saved", "restore", "booted"],
    "running",
  ],
  ["suspended while paused", ["start", "booted", "pause", "suspend", "saved"], "suspended"],
  ["a save that fails", ["start", "booted", "suspend", "resume"], "running"],
  ["a save that fails while paused", ["start", "booted", "pause", "suspend", "pause"], "paused"],
  ["dead before it was saved", ["start", "booted", "suspend", "crashed"], "failed"],
  [
    "a restore that fails, and another that works",
    ["start", "booted", "suspend", "saved", "restore", "crashed", "restore", "booted"],
    "running",
  ],
  ["memory given up", ["start", "booted", "suspend", "saved", "stop", "start"], "starting"],
  ["deleted while suspended", ["start", "booted", "suspend", "saved", "delete"], "deleted"],
  [
    "killed while restoring",
    ["start", "booted", "suspend", "saved", "restore", "kill"],
    "stopping",
  ],
  [
    "starting afresh what is suspended",
    ["start", "booted", "suspend", "saved", "start"],
    undefined,
  ],
  ["restoring what runs", ["start", "booted", "restore"], undefined],
  ["pausing what does not run", ["start", "pause"], undefined],
  ["deleting what runs", ["start", "booted", "delete"], undefined],
];

for (const [title, inputs, end] of LIVES) {
  test(`lifecycle: ${title}`, () => {
    let phase: VmPhase | undefined = "created";
    for (const input of inputs) phase = phase && nextPhase(phase, input);
    assert.equal(phase, end);
  });
}

test("lifecycle: only a VM at rest can be deleted", () => {
  for (const phase of VM_PHASES) {
    if (nextPhase(phase, "delete")) assert.ok(isAtRest(phase), phase);
  }
});

test("lifecycle: a VM with a machine can be killed, and its machine may end, crash or be lost at any time", () => {
  for (const phase of VM_PHASES.filter(hasMachine)) {
    for (const input of ["kill", "exited", "crashed", "lost"] as const) {
      assert.ok(nextPhase(phase, input), `${phase} ${input}`);
    }
  }
});

test("lifecycle: after the end of its machine a VM is at rest", () => {
  for (const phase of VM_PHASES.filter(hasMachine)) {
    for (const input of ["exited", "crashed", "lost"] as const) {
      const after = nextPhase(phase, input);
      assert.ok(after && isAtRest(after), `${phase} ${input}`);
    }
  }
});

test("lifecycle: deleted is the end", () => {
  for (const input of INPUTS) assert.equal(nextPhase("deleted", input), undefined);
});

test("lifecycle: memory and CPUs are promised from the moment a VM is made until its machine has ended", () => {
  assert.deepEqual(VM_PHASES.filter(holdsShare), [
    "created",
    "starting",
    "running",
    "paused",
    "suspending",
    "restoring",
    "stopping",
  ]);
});

test("lifecycle: memory is kept from the beginning of a suspension until a machine has it again", () => {
  assert.deepEqual(VM_PHASES.filter(keepsMemory), ["suspending", "suspended", "restoring"]);
  for (const phase of VM_PHASES) {
    if (nextPhase(phase, "suspend")) assert.equal(nextPhase(phase, "suspend"), "suspending");
    if (nextPhase(phase, "restore")) assert.ok(keepsMemory(phase), phase);
  }
});

test("lifecycle: a restore can fail in every way and be tried again", () => {
  for (const input of ["exited", "crashed", "lost"] as const) {
    assert.equal(nextPhase("restoring", input), "suspended");
  }
});
