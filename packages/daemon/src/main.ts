/**
 * The entry of `alcoved`. What Node has compiled once is kept beside the installed code (the same owner, so the same
 * trust): a third of the time to the first answer, and memory that the compiler would have taken.
 */

import { enableCompileCache } from "node:module";
import { fileURLToPath } from "node:url";

enableCompileCache(fileURLToPath(new URL("../../../node_modules/.cache/alcove", import.meta.url)));

const { runDaemon } = await import("./program.ts");

await runDaemon(process.argv.slice(2), process.env);
