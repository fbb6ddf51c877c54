/** Answers as the OpenAPI document has them: those of an operation, and the refusals of all. */

import type { RouteOptions } from "fastify";
import { Type } from "typebox";

import { ERROR_CODES } from "@alcove/api";

import type { Answer, Operation } from "./operation.ts";

/** What every error answer looks like. Codes may be added, so clients must bear unknown ones. */
export const ApiError = Type.Object(
  {
    error: Type.String({ description: "for people: what is wrong, where, and what to do" }),
    code: Type.String({
      description: `for programs, such as ${ERROR_CODES.slice(0, 3).join(", ")}`,
    }),
  },
  { $id: "Error" },
);

/**
 * Refusals that any request can meet: no token, a foreign page, a body without measure, a fault of
 * the daemon's.
 */
export function refusalsAnywhere({ method, config }: RouteOptions): readonly number[] {
  if (config?.access === "open") return [403];
  return method === "GET" || method === "HEAD" ? [401, 403, 500] : [401, 403, 413, 500];
}

const REFUSALS: Readonly<Record<number, string>> = {
  400: "The request is wrong; the error says where",
  401: "The token is missing or wrong",
  403: "Not allowed: a page of another origin while auth is off, or something protected",
  404: "Something that is named does not exist",
  408: "It took longer than the request allowed",
  409: "The VM's phase, or what is there already, does not allow it",
  410: "It was there, and is gone",
  413: "Larger than the daemon or the guest can take",
  500: "A fault of the daemon's, or of what it relies on; the log has it",
  501: "This build, hypervisor or image cannot do it",
  502: "Somebody further on did not answer",
  503: "No room on the host, or the guest's agent does not answer",
};

/** All answers by status, refusals included, as a route's schema has them. */
export function responsesOf(
  { answers, refusals }: Operation,
  anywhere: readonly number[],
  isHead: boolean,
): Record<number, object> {
  const statuses = new Set([...refusals, ...anywhere]);
  const refused = Array.from(statuses, (status) => [status, refusal(status, isHead)] as const);
  const answered = Object.entries(answers).map(
    ([status, answer]) => [Number(status), isHead ? headOf(answer) : responseOf(answer)] as const,
  );
  return Object.fromEntries([...answered, ...refused]);
}

function refusal(status: number, isHead: boolean): object {
  const description = REFUSALS[status];
  if (description === undefined)
    throw new Error(`invariant: no words for a refusal with ${status}`);
  const answer = { description, content: { "application/json": { $ref: "Error#" } } };
  return isHead ? headOf(answer) : responseOf(answer);
}

function responseOf({ description, content, headers }: Answer): object {
  const named = Object.entries(headers ?? {}).map(
    ([name, words]) => [name, { type: "string", description: words }] as const,
  );
  return {
    description,
    ...(headers ? { headers: Object.fromEntries(named) } : {}),
    ...(content ? contentOf({ content }) : { type: "null" }),
  };
}

function headOf({ description }: Pick<Answer, "description">): object {
  return { description, type: "null" };
}

export function contentOf({ content = {}, ...words }: Partial<Answer>): object {
  const media = Object.entries(content).map(([type, schema]) => [type, { schema }]);
  return { ...words, content: Object.fromEntries(media) };
}
