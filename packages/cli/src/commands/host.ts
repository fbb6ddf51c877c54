/** The verbs about a host as a whole. */

import { info, version } from "./info.ts";
import { ui } from "./ui.ts";

export const HOST_VERBS = [ui, info, version];
