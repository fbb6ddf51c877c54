/**
 * What is wrong with a message or a request body, in the form that the network's own nodes answer with:
 * the error list of pydantic, their validator.
 */

import { Refusal } from "../refusal.ts";

/** Way to the place: keys and indices, and where a value may have several shapes the shape's name. */
export type Loc = readonly (string | number)[];

export interface SchemaProblem {
  /** pydantic's name of the rule */
  readonly type: string;
  readonly loc: Loc;
  readonly msg: string;
  /** the value that broke the rule; for what is missing, the object that it is missing in */
  readonly input: unknown;
  readonly ctx?: Readonly<Record<string, unknown>>;
}

/** problems that are told of one value; what follows them is left out */
export const MAX_PROBLEMS = 100;

/** characters of an offending text that are repeated in the answer */
const MAX_ECHO_CHARS = 4_096;

const PAGES = "https://errors.pydantic.dev/2.11/v/";

/** All that is wrong with a value. As a refusal its body is the list, encoded once. */
export class SchemaProblems extends Refusal {
  readonly problems: readonly SchemaProblem[];

  /** @param problems at least one */
  constructor(problems: readonly SchemaProblem[]) {
    super("bad request", problems.map(sentenceOf).join("; "), { body: problems.map(asPydantic) });
    this.problems = problems;
  }
}

function sentenceOf({ loc, msg }: SchemaProblem): string {
  return loc.length === 0 ? msg : `${loc.join(".")}: ${msg}`;
}

function asPydantic({ type, loc, msg, input, ctx }: SchemaProblem): Record<string, unknown> {
  const told = typeof input === "string" ? input.slice(0, MAX_ECHO_CHARS) : input;
  return { type, loc, msg, input: told, ...(ctx ? { ctx } : {}), url: `${PAGES}${type}` };
}
