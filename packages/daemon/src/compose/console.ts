/** The web console, where it is built. */

import path from "node:path";

import type { ConsoleFiles } from "#core/ports/console-files.ts";
import type { Log } from "#core/ports/log.ts";
import { readConsole } from "#host/console-files.ts";
import { KIB } from "#lib/bytes.ts";

const BUILT = path.resolve(import.meta.dirname, "../../../console/dist");

/** Without a console everything else is served: no failure of it stops a daemon. */
export async function openConsole(log: Log): Promise<ConsoleFiles | undefined> {
  try {
    const read = await readConsole(BUILT);
    if (!read) {
      log.info("console.not_built", { reason: "Build it with `npm run build -w @alcove/console`" });
      return undefined;
    }
    const { files, bytes } = read;
    log.info("console.loaded", { files: files.size, memoryKiB: Math.ceil(bytes / KIB) });
    return files;
  } catch (error) {
    log.error("console.unreadable", { error });
    return undefined;
  }
}
