import assert from "node:assert/strict";
import { test } from "node:test";

import { OneATurn } from "./one-a-turn.ts";

test("one a turn: in order, and others come in between", async () => {
  const turns = new OneATurn();
  const done: string[] = [];
  const others = setInterval(() => done.push("other"), 0);
  const began = performance.now();
  const work = async (name: string) => {
    assert.equal(await turns.take(), "go");
    done.push(name);
    while (performance.now() - began < done.length * 3); // dear
  };
  await Promise.all(Array.from({ length: 8 }, (_, index) => work(String(index))));
  clearInterval(others);
  assert.deepEqual(
    done.filter((name) => name !== "other"),
    Array.from({ length: 8 }, (_, index) => String(index)),
  );
  assert.ok(done.lastIndexOf("7") > 7 + 2, done.join(" "));
});

test("one a turn: too many are told so at once, and those before them have their turn", async () => {
  const turns = new OneATurn();
  const asked = Array.from({ length: 8_193 }, () => turns.take());
  const answers = await Promise.all(asked);
  assert.equal(answers.filter((answer) => answer === "full").length, 1);
  assert.equal(answers.at(-1), "full");
  assert.equal(await turns.take(), "go");
});
