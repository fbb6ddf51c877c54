import assert from "node:assert/strict";
import { test } from "node:test";

import { eventually } from "#testing/eventually.ts";
import { never } from "#testing/fake-host.ts";
import { ProgramStage } from "#testing/program-guest.ts";

import { StartError } from "../execution/start-error.ts";
import { serveIn } from "./guest-program.ts";

const AT_CODE = "/opt/code";

function isKind(kind: StartError["kind"], words = /^/) {
  return (error: unknown) =>
    error instanceof StartError && error.kind === kind && words.test(error.message);
}

test("program: bare code is put into its guest, made a program of, and started with what its owner gave", async () => {
  const stage = new ProgramStage();
  await serveIn(stage.guest, stage.order({ args: ["--fast"] }), stage.files, never);
  assert.deepEqual(stage.copied, [{ path: `${AT_CODE}/executable`, mode: 0o755, text: "code" }]);
  const [started] = stage.started;
  assert.deepEqual(started?.argv.slice(-2), [`${AT_CODE}/executable`, "--fast"]);
  assert.ok(started?.env.includes("GREETING=good day"));
  assert.equal(started?.env.at(-1), "PORT=8080");
  assert.equal(started?.cwd, AT_CODE);
  assert.equal(stage.openFiles, 0);
});

test("program: an archive is unpacked where programs have their code", async () => {
  const stage = new ProgramStage();
  await serveIn(
    stage.guest,
    stage.order({ encoding: "zip", entrypoint: "bin/it" }),
    stage.files,
    never,
  );
  assert.deepEqual(stage.copied, [{ path: AT_CODE, mode: undefined, text: "unzipped code" }]);
  assert.equal(stage.started[0]?.argv.at(-1), `${AT_CODE}/bin/it`);
});

test("program: code that comes as a disk is not copied", async () => {
  const stage = new ProgramStage();
  await serveIn(stage.guest, stage.order({ encoding: "squashfs" }), stage.files, never);
  assert.deepEqual(stage.copied, []);
  assert.equal(stage.started[0]?.argv.at(-1), `${AT_CODE}/serve`);
});

test("program: what is called by ASGI needs a runtime that can", async () => {
  const stage = new ProgramStage();
  const order = stage.order({ interface: "asgi", encoding: "zip", entrypoint: "main:app" });
  await serveIn(stage.guest, order, stage.files, never);
  assert.deepEqual(stage.started[0]?.argv.slice(4, 7), ["python3", "-m", "uvicorn"]);
  assert.equal(stage.started[0]?.argv.at(-1), "main:app");
  const bare = new ProgramStage();
  bare.complaints.set("uvicorn", "No module named uvicorn");
  await assert.rejects(
    serveIn(bare.guest, bare.order({ interface: "asgi" }), bare.files, never),
    isKind("MicroVMFailedInitError"),
  );
  assert.deepEqual(bare.started, []);
});

test("program: one that runs already is not started again", async () => {
  const stage = new ProgramStage();
  await serveIn(stage.guest, stage.order(), stage.files, never);
  await serveIn(stage.guest, stage.order(), stage.files, never);
  assert.equal(stage.started.length, 1);
  stage.endProgram(0);
  stage.isListening = true;
  await serveIn(stage.guest, stage.order(), stage.files, never);
  assert.equal(stage.started.length, 2);
});

test("program: it serves once somebody listens", async () => {
  const stage = new ProgramStage();
  stage.isListening = false;
  let isDone = false;
  const served = serveIn(stage.guest, stage.order(), stage.files, never).then(
    () => (isDone = true),
  );
  await eventually("it is asked again", () => stage.knocks > 2);
  assert.equal(isDone, false);
  stage.isListening = true;
  await served;
});

test("program: one that ends before it listens has failed, and who leaves waits no more", async () => {
  const stage = new ProgramStage();
  stage.isListening = false;
  const served = serveIn(stage.guest, stage.order(), stage.files, never);
  const failed = assert.rejects(served, isKind("MicroVMFailedInitError"));
  await eventually("it is started", () => stage.started.length === 1);
  stage.endProgram(3);
  await failed;
  const left = new AbortController();
  const second = new ProgramStage();
  second.isListening = false;
  const waiting = serveIn(second.guest, second.order(), second.files, left.signal);
  const gone = assert.rejects(waiting, /they left/);
  await eventually("it is asked", () => second.knocks > 0);
  left.abort(new Error("they left"));
  await gone;
});

test("program: files that are too large to be copied are refused, and closed", async () => {
  const stage = new ProgramStage();
  stage.sizeBytes = 10_000_001;
  await assert.rejects(
    serveIn(stage.guest, stage.order(), stage.files, never),
    isKind("FileTooLargeError", /^Program file too large to pass as an inline zip$/),
  );
  assert.equal(stage.openFiles, 0);
});

test("program: data is put where its message says", async () => {
  const stage = new ProgramStage();
  const data = { encoding: "plain", path: "/store/data", mount: "/data/input" } as const;
  await serveIn(stage.guest, { ...stage.order(), data }, stage.files, never);
  assert.deepEqual(stage.copied[1], { path: "/data/input", mode: 0o644, text: "code" });
});
