/** What is answered for errors, and what of them is written down as a fault. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { AlcoveError } from "#core/errors.ts";
import { RememberingLog } from "#testing/remembering-log.ts";

import { ClientLeft } from "./client-left.ts";
import { answerErrors } from "./errors.ts";
import { application } from "./server.ts";

/** @returns the status of a route that fails so, and what the log has then */
async function failing(error: Error) {
  const log = new RememberingLog();
  const app = await application(
    [
      async (one) => {
        answerErrors(one, log, ({ message }) => message);
        one.get("/x", { config: { access: "open" } }, async () => {
          throw error;
        });
      },
    ],
    undefined,
  );
  const { statusCode } = await app.inject("/x?secret=1");
  await app.close();
  return { statusCode, lines: log.lines.map(({ level, event, path }) => [level, event, path]) };
}

test("errors: a client that left before its answer is no fault of ours", async () => {
  const { statusCode, lines } = await failing(new ClientLeft());
  assert.equal(statusCode, 499);
  assert.deepEqual(lines, [["info", "http.client_left", "/x"]]);
});

test("errors: what we have no name for is a fault, and a refusal is none", async () => {
  const fault = await failing(new Error("boom"));
  assert.deepEqual(fault, { statusCode: 500, lines: [["error", "http.failed", "/x"]] });
  const refusal = await failing(
    new AlcoveError("vm_not_found", "There is none", { hostname: "x" }),
  );
  assert.deepEqual(refusal, { statusCode: 404, lines: [["info", "http.refused", "/x"]] });
});
