/** What the host says of a secret, as the SDK gives it. */

import type { AlcoveClient } from "@alcove/sdk/browser/index.ts";

export type Secret = Awaited<ReturnType<AlcoveClient["secrets"]["list"]>>[number];
