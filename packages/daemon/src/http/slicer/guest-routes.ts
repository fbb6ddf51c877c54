/** What is done inside guests. */

import { backgroundOutput } from "./background-output.ts";
import { background } from "./background.ts";
import { exec } from "./exec.ts";
import { files } from "./files.ts";
import { forward } from "./forward.ts";
import { fs } from "./fs.ts";
import { shell } from "./shell.ts";
import { watch } from "./watch.ts";

export const guestRoutes = [exec, background, backgroundOutput, files, fs, watch, shell, forward];
