/** How every surface answers for errors, unless it knows better: `{"error", "code"}`, and one line in the log. */

import type { FastifyInstance } from "fastify";

import type { Log } from "#core/ports/log.ts";

import { CLIENT_LEFT, ClientLeft } from "./client-left.ts";
import { type Problem, toProblem } from "./problem.ts";

/** @param wordsOf what the client reads; a compatible surface may add phrases its clients match on */
export function answerErrors(
  app: FastifyInstance,
  log: Log,
  wordsOf: (problem: Problem) => string,
): void {
  app.setErrorHandler((error, request, reply) => {
    // Queries may carry commands and environments: they stay out of the log.
    const path = request.url.split("?", 1)[0];
    if (error instanceof ClientLeft) {
      log.info("http.client_left", { method: request.method, path });
      return reply.code(CLIENT_LEFT).send({ error: error.message, code: "client_left" }); // nobody reads it
    }
    const problem = toProblem(error);
    const { status, code, message } = problem;
    const fields = { method: request.method, path, status, code };
    // A fault of ours; a failure we have a name for, with its cause; or an answer like any other.
    if (code === "internal") log.error("http.failed", { ...fields, error });
    else if (status === 500) log.warn("http.failed", { ...fields, error });
    else log.info("http.refused", { ...fields, message });
    // A connection whose upgrade was refused serves no second request: its client must not keep it.
    if (request.ws) void reply.header("connection", "close");
    return reply.code(status).send({ error: wordsOf(problem), code });
  });
}
