/**
 * The entry of the `alcove` command. What Node has compiled once is kept beside the installed code
 * (the same owner, so the same trust), which halves the time to the first word.
 */

import { enableCompileCache } from "node:module";
import { fileURLToPath } from "node:url";

enableCompileCache(fileURLToPath(new URL("../../../node_modules/.cache/alcove", import.meta.url)));

const { main } = await import("./program.ts");

// Standard input may still be open, and would keep the process alive for nothing.
process.exit(await main());
