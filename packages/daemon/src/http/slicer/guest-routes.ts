/** What is done inside guests. */

import { exec } from "./exec.ts";
import { files } from "./files.ts";
import { forward } from "./forward.ts";
import { fs } from "./fs.ts";
import { shell } from "./shell.ts";

export const guestRoutes = [exec, files, fs, shell, forward];
