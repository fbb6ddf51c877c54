import assert from "node:assert/strict";
import { test } from "node:test";

import { settlesWithin } from "#lib/patience.ts";
import { RememberingLog } from "#testing/remembering-log.ts";

import { Guesses } from "./guesses.ts";

const SOON_MS = 50;

test("guesses: after very many wrong tokens their answers wait, and the log says so once", async () => {
  const [log, leaving] = [new RememberingLog(), new AbortController()];
  let at = 0;
  const guesses = new Guesses({ now: () => new Date(at) }, log);
  const { signal } = leaving;
  for (let n = 0; n < 1_000; n += 1) await guesses.wrong(signal);
  const held = Array.from({ length: 200 }, () => guesses.wrong(signal));
  assert.equal(await settlesWithin(Promise.race(held), SOON_MS), false);
  assert.equal(await settlesWithin(guesses.wrong(signal), SOON_MS), true); // no more than so many wait
  assert.deepEqual(log.troubles(), ["auth.many_wrong_tokens"]);
  leaving.abort(new Error("the clients left"));
  await Promise.all(held); // and nobody waits for those who left
  at += 60_000;
  assert.equal(await settlesWithin(guesses.wrong(new AbortController().signal), SOON_MS), true);
});
