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

/** characters of an offending value that are repeated in the answer */
const MAX_ECHO_CHARS = 4_096;
/** what stands there for lists and objects that have more */
const TOO_LONG = "(too long to repeat)";

const PAGES = "https://errors.pydantic.dev/2.11/v/";

/** All that is wrong with a value. As a refusal its body is the list, encoded once. */
export class SchemaProblems extends Refusal {
  readonly problems: readonly SchemaProblem[];

  /** @param problems at least one */
  constructor(problems: readonly SchemaProblem[]) {
    const echoes = new Map<unknown, unknown>();
    const body = problems.map((problem) => asPydantic(problem, echoes));
    super("bad request", problems.map(sentenceOf).join("; "), { body });
    this.problems = problems;
  }
}

function sentenceOf({ loc, msg }: SchemaProblem): string {
  return loc.length === 0 ? msg : `${loc.join(".")}: ${msg}`;
}

/** @param echoes what was found out of values already: the same large one may lack many things */
function asPydantic(problem: SchemaProblem, echoes: Map<unknown, unknown>): object {
  const { type, loc, msg, input, ctx } = problem;
  if (!echoes.has(input)) echoes.set(input, echoOf(input));
  const told = echoes.get(input);
  return { type, loc, msg, input: told, ...(ctx ? { ctx } : {}), url: `${PAGES}${type}` };
}

function echoOf(input: unknown): unknown {
  if (typeof input === "string") return input.slice(0, MAX_ECHO_CHARS);
  return isShort(input) ? input : TOO_LONG;
}

/** Looks no further than it has to, and not in depth: what is looked at may be bottomless. */
function isShort(input: unknown): boolean {
  let chars = 0;
  const waiting = [input];
  while (waiting.length > 0 && chars <= MAX_ECHO_CHARS) {
    const next = waiting.pop();
    chars += typeof next === "string" ? next.length : 1;
    if (typeof next !== "object" || next === null) continue;
    const members = Object.entries(next).slice(0, MAX_ECHO_CHARS + 1);
    chars += members.reduce((sum, [key]) => sum + key.length, members.length);
    for (const [, value] of members) waiting.push(value);
  }
  return chars <= MAX_ECHO_CHARS;
}
