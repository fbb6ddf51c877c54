/** Proxies: the one thing that tools which download need from the environment. */

import type { Environment } from "./settings-reader.ts";

const NAMES = ["http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"];

/** @returns those that are set, by name */
export function proxiesIn(env: Environment): Readonly<Record<string, string>> {
  return Object.fromEntries(
    NAMES.flatMap((name) => {
      const value = env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
