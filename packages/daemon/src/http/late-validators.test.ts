import assert from "node:assert/strict";
import { test } from "node:test";

import type { FastifyPluginAsync } from "fastify";
import { Type } from "typebox";

import { silentLog } from "#log/pino-log.ts";

import { answerErrors } from "./errors.ts";
import { application } from "./server.ts";

const config = { access: "open" } as const;

const routes: FastifyPluginAsync = async (app) => {
  answerErrors(app, silentLog, ({ message }) => message);
  const count = Type.String({ maxLength: 2, pattern: "^[0-9]+$" });
  const querystring = Type.Object({ count }, { additionalProperties: false });
  app.get("/counted", { schema: { querystring }, config }, async (request) => request.query);
  const broken = { type: "object", properties: { count: { type: "no such type" } } };
  app.get("/broken", { schema: { querystring: broken }, config }, async () => "never");
};

test("late validators: what is wrong is said the same way each time, and what fits is let through", async () => {
  await using app = await application([routes], undefined);
  for (let time = 0; time < 2; time += 1) {
    for (const [query, status, words] of [
      ["?count=12", 200, /^\{"count":"12"\}$/],
      ["?count=123", 400, /count.*must NOT have more than 2 characters/],
      ["?count=x", 400, /count.*must match pattern/],
      ["", 400, /must have required property 'count'/],
      ["?count=1&more=1", 400, /must NOT have additional properties/],
    ] as const) {
      const answer = await app.inject(`/counted${query}`);
      assert.equal(answer.statusCode, status, answer.body);
      assert.match(answer.body, words);
    }
  }
});

test("late validators: a schema is compiled when a request needs it, not before", async () => {
  await using app = await application([routes], undefined);
  assert.equal((await app.inject("/broken?count=1")).statusCode, 500);
  assert.equal((await app.inject("/counted?count=1")).statusCode, 200);
});
