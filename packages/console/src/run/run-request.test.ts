import assert from "node:assert/strict";
import { test } from "node:test";

import { outcomeOf } from "./run-outcome.ts";
import { EMPTY_FORM, errorsOf, requestOf } from "./run-request.ts";

test("run: a line for a shell, or a program with its arguments as they are", () => {
  const line = { ...EMPTY_FORM, command: "echo $HOME | wc -c" };
  assert.deepEqual(requestOf(line), { command: "echo $HOME | wc -c", shell: "/bin/sh" });
  const argv = { ...EMPTY_FORM, how: "argv", command: "printf\n%s\na b\n\n" } as const;
  assert.deepEqual(requestOf(argv), { command: "printf", args: ["%s", "a b"], shell: "" });
  const full = { ...line, cwd: " /tmp ", uid: "1000", env: "A=1\n\nB=x y=z\n", stdin: "in" };
  assert.deepEqual(requestOf(full), {
    command: "echo $HOME | wc -c",
    shell: "/bin/sh",
    cwd: "/tmp",
    uid: 1000,
    env: ["A=1", "B=x y=z"],
    stdin: "in",
  });
});

test("run: what is wrong is said where it is", () => {
  assert.deepEqual(errorsOf({ ...EMPTY_FORM, command: "ls" }), {});
  const wrong = errorsOf({ ...EMPTY_FORM, uid: "root", env: "A=1\nnonsense" });
  assert.deepEqual(Object.keys(wrong), ["command", "uid", "env"]);
  assert.match(wrong.env ?? "", /"nonsense"/);
  assert.ok(errorsOf({ ...EMPTY_FORM, command: "ls", uid: "4294967295" }).uid);
});

test("run: the outcome in words", () => {
  assert.deepEqual(outcomeOf({ exitCode: 0 }), { tone: "good", words: "exit code 0" });
  assert.deepEqual(outcomeOf({ exitCode: 2 }), { tone: "bad", words: "exit code 2" });
  assert.equal(outcomeOf({ exitCode: 137, signal: "SIGKILL" }).words, "killed (KILL)");
  assert.equal(outcomeOf({ exitCode: 139, signal: "SEGV" }).words, "crashed (SEGV)");
  assert.equal(outcomeOf({ exitCode: 143, signal: "TERM" }).words, "ended by the signal TERM");
  assert.equal(outcomeOf({ exitCode: 127, error: "no such file" }).words, "could not be started");
  assert.equal(outcomeOf({ exitCode: 127 }).words, "exit code 127: command not found");
});
