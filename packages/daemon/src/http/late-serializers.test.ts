import assert from "node:assert/strict";
import { test } from "node:test";

import type { FastifyPluginAsync } from "fastify";
import { Type } from "typebox";

import { silentLog } from "#log/pino-log.ts";

import { answerErrors } from "./errors.ts";
import { application } from "./server.ts";

const routes: FastifyPluginAsync = async (app) => {
  answerErrors(app, silentLog, ({ message }) => message);
  const config = { access: "open" } as const;
  const response = { 200: Type.Object({ shown: Type.Integer() }) };
  app.get("/answer", { schema: { response }, config }, async () => ({ shown: 1, hidden: 2 }));
  const broken = { 200: { type: "object", properties: { shown: { type: "no such type" } } } };
  app.get("/broken", { schema: { response: broken }, config }, async () => ({ shown: 1 }));
};

test("late serializers: answers have what their schema says, each time", async () => {
  await using app = await application([routes], undefined);
  for (let time = 0; time < 2; time += 1) {
    assert.equal((await app.inject("/answer")).body, '{"shown":1}');
  }
});

test("late serializers: a schema is compiled when an answer needs it, not before", async () => {
  await using app = await application([routes], undefined);
  assert.equal((await app.inject("/broken")).statusCode, 500);
  assert.equal((await app.inject("/answer")).statusCode, 200);
});
