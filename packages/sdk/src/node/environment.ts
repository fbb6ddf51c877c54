/** Where the environment says that the host is: the names of Alcove's settings, and Slicer's. */

import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";

import { AlcoveInputError } from "../input-error.ts";
import type { HostAddress } from "./open-host.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_URL = "http://127.0.0.1:8080";

/**
 * `ALCOVE_URL`, `ALCOVE_TOKEN`, `ALCOVE_TOKEN_FILE`, else the same with `SLICER_`.
 * @throws AlcoveInputError for a token file that cannot be read
 */
export function addressIn(env: Environment): HostAddress {
  const baseURL = setting(env, "ALCOVE_URL") ?? setting(env, "SLICER_URL") ?? DEFAULT_URL;
  const token = tokenIn(env, "ALCOVE") ?? tokenIn(env, "SLICER");
  return { baseURL, ...(token === undefined ? {} : { token }) };
}

function tokenIn(env: Environment, prefix: string): string | undefined {
  const token = setting(env, `${prefix}_TOKEN`);
  const file = setting(env, `${prefix}_TOKEN_FILE`);
  if (token !== undefined || file === undefined) return token;
  const expanded = file.startsWith("~/") ? path.join(homedir(), file.slice(2)) : file;
  try {
    return readFileSync(expanded, "utf8").trim();
  } catch (cause) {
    throw new AlcoveInputError(`The token file ${file} of ${prefix}_TOKEN_FILE cannot be read`, {
      cause,
    });
  }
}

function setting(env: Environment, name: string): string | undefined {
  return env[name]?.trim() || undefined;
}
