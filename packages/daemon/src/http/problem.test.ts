import assert from "node:assert/strict";
import { test } from "node:test";

import { AlcoveError, invalidRequest } from "#core/errors.ts";
import { GUEST_FAILURE_CODES, SessionLost } from "#core/ports/guest-link.ts";

import { toProblem } from "./problem.ts";

test("problem: what a guest refuses has a status of its own, never a success", () => {
  const statuses = GUEST_FAILURE_CODES.map((reason) => {
    const { status, code } = toProblem(new AlcoveError("guest_refused", "no", { reason }));
    assert.equal(code, "guest_refused");
    assert.ok(status >= 400 && status < 600);
    return [reason, status];
  });
  assert.partialDeepStrictEqual(Object.fromEntries(statuses), {
    not_found: 404,
    is_directory: 400,
    no_space: 413,
    permission: 403,
    io: 500,
  });
});

test("problem: an error of ours keeps its code, its words and its details", () => {
  assert.deepEqual(toProblem(invalidRequest("cpus", "must be at least 1")), {
    status: 400,
    code: "invalid_request",
    message: "cpus: must be at least 1",
    details: { issues: [{ path: "cpus", problem: "must be at least 1" }] },
  });
});

test("problem: a cause stays inside", () => {
  const cause = new Error("/var/lib/secret");
  const error = new AlcoveError("hypervisor_failed", "No", { hypervisor: "qemu" }, { cause });
  assert.doesNotMatch(JSON.stringify(toProblem(error)), /secret/);
});

test("problem: a lost session is an agent that cannot be reached", () => {
  const problem = toProblem(new SessionLost("the guest is gone"));
  assert.deepEqual([problem.status, problem.code], [503, "guest_unreachable"]);
});

test("problem: a refusal by the HTTP library keeps its 4xx", () => {
  const error = Object.assign(new Error("Body is too large"), { statusCode: 413 });
  assert.partialDeepStrictEqual(toProblem(error), { status: 413, code: "bad_http" });
});

test("problem: anything else is 500 and says nothing", () => {
  for (const error of [
    new TypeError("x is not a function"),
    "text",
    undefined,
    null,
    Object.assign(new Error("teapot"), { statusCode: 200 }),
    Object.assign(new Error("upstream"), { statusCode: 502 }),
  ]) {
    const { status, code, message } = toProblem(error);
    assert.deepEqual([status, code], [500, "internal"]);
    assert.equal(message, "Internal error; the daemon's log has it");
  }
});

test("problem: what does not fit a schema is said once for each field, in words", () => {
  const error = Object.assign(new Error("body/cpus must be integer, …"), {
    statusCode: 400,
    validation: [
      violation("/cpus", "type", "must be integer", "integer"),
      violation("/cpus", "type", "must be null", "null"),
      violation("/cpus", "anyOf", "must match a schema in anyOf"),
      violation("/tags/0", "type", "must be string", "string"),
    ],
  });
  const { status, code, message } = toProblem(error);
  assert.deepEqual(
    [status, code, message],
    [400, "invalid_request", "cpus: must be integer; tags.0: must be string"],
  );
});

/** One finding of the schema validator's. */
function violation(instancePath: string, keyword: string, message: string, type?: string) {
  return { instancePath, keyword, message, params: type === undefined ? {} : { type } };
}
