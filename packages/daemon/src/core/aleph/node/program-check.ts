/** Whether a node's programs work, as the network's diagnostic program shows it. Names of checks and paths are that program's. */

import type { ProgramAnswer, ProgramCalls } from "../ports/connectivity.ts";

/** how long one call may take, in `ms`: the first one starts the program */
const CALL_LIMIT_MS = 15_000;

/** `compatible`: without what old clients do not know; `legacy`: the same, of an older program */
export type ProgramEdition = "current" | "compatible" | "legacy";

export interface ProgramCheck {
  /** by the API's own names, in their order */
  readonly results: Readonly<Record<string, boolean>>;
  readonly isWell: boolean;
}

type Call = (path: string) => Promise<unknown>;

/** Each looks at what the program answers as JSON, and throws or is `false` when that is not right. */
const CHECKS: Readonly<Record<string, (call: Call) => Promise<boolean>>> = {
  index: async (call) => member(await call("/"), "Example") === "example_fastapi",
  environ: async (call) => {
    const variables = await call("/environ");
    return ENVIRONMENT.every((name) => Boolean(member(variables, name)));
  },
  messages: async (call) => {
    const messages = member(member(await call("/messages"), "Messages"), "messages");
    return Array.isArray(messages) && hasText(member(messages[0], "item_hash"));
  },
  dns: async (call) => {
    const found = await call("/dns");
    return Boolean(member(found, "ipv4")) && Boolean(member(found, "ipv6"));
  },
  ipv4: async (call) => member(await call("/ip/4"), "result") === true,
  internet: async (call) => {
    const status = member(await call("/internet"), "result");
    return typeof status === "number" && status < 400;
  },
  cache: async (call) => {
    if ((await call("/cache/set/a/42")) !== true) return false;
    if ((await call("/cache/get/a")) !== "42") return false;
    const keys = await call("/cache/keys");
    return Array.isArray(keys) && keys.includes("a");
  },
  persistent_storage: async (call) => {
    const before = counterOf(await call("/state/increment"));
    return counterOf(await call("/state/increment")) > before;
  },
  error_handling: async (call) => hasText(await call("/raise")),
  get_a_message: async (call) => hasText(member(await call("/get_a_message"), "item_hash")),
  lifespan: async (call) => member(await call("/lifespan"), "Lifespan") === true,
};

const ENVIRONMENT = [
  "ALEPH_API_HOST",
  "ALEPH_API_UNIX_SOCKET",
  "ALEPH_REMOTE_CRYPTO_HOST",
  "ALEPH_REMOTE_CRYPTO_UNIX_SOCKET",
  "ALEPH_ADDRESS_TO_USE",
];

const ONLY_CURRENT: ReadonlySet<string> = new Set(["get_a_message", "lifespan"]);

/** without these a node does not serve programs */
const NEEDED: ReadonlySet<string> = new Set([
  "index",
  "environ",
  "ipv4",
  "internet",
  "dns",
  "error_handling",
  "lifespan",
]);

export interface ProgramToCheck {
  readonly vmId: string;
  readonly edition: ProgramEdition;
  readonly programs: ProgramCalls;
}

/** Never rejects: what does not answer, or answers something else, does not work. */
export async function checkProgram(program: ProgramToCheck): Promise<ProgramCheck> {
  const call = (path: string) => jsonFrom(program, path);
  const names = Object.keys(CHECKS).filter(
    (name) => program.edition === "current" || !ONLY_CURRENT.has(name),
  );
  const results: Record<string, boolean> = {};
  // The first one starts the program; when it is not there, nothing else is.
  const isThere = await answersAtAll(program);
  for (const name of names) {
    results[name] =
      isThere && (await (CHECKS[name]?.(call) ?? Promise.resolve(false)).catch(() => false));
  }
  return { results, isWell: names.every((name) => !NEEDED.has(name) || results[name] === true) };
}

/** Whether the program reaches the world over IPv6. Never rejects. @returns `undefined` where there is no such program */
export async function programReachesIpv6(
  program: Omit<ProgramToCheck, "edition">,
): Promise<boolean | undefined> {
  try {
    const answer = await ask(program, "/ip/6");
    if (!isAnswer(answer)) return undefined;
    return member(JSON.parse(answer.text), "result") === true;
  } catch {
    return undefined;
  }
}

async function answersAtAll(program: ProgramToCheck): Promise<boolean> {
  try {
    return isAnswer(await ask(program, "/"));
  } catch {
    return false;
  }
}

async function jsonFrom(program: ProgramToCheck, path: string): Promise<unknown> {
  const answer = await ask(program, path);
  if (path === RAISING) return raised(answer);
  if (!isAnswer(answer)) throw new Error(`${path} answered ${answer.status}`);
  return JSON.parse(answer.text);
}

/** a path that is there to fail */
const RAISING = "/raise";

function raised({ status, text }: ProgramAnswer): string {
  return status === 500 && text.includes("Traceback") ? text : "";
}

function ask(
  { programs, vmId }: Omit<ProgramToCheck, "edition">,
  path: string,
): Promise<ProgramAnswer> {
  return programs.call(vmId, path, AbortSignal.timeout(CALL_LIMIT_MS));
}

function isAnswer({ status }: ProgramAnswer): boolean {
  return status >= 200 && status < 300;
}

function counterOf(value: unknown): number {
  const counter = member(value, "counter");
  if (typeof counter === "number") return counter;
  throw new Error("the program counts nothing");
}

function hasText(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}

function member(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  return Object.getOwnPropertyDescriptor(value, name)?.value;
}
