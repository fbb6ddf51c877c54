/** The one client of this page: it speaks to the daemon that served it, and its cookie is the credential. */

import { AlcoveClient } from "@alcove/sdk/browser/index.ts";

export const client = new AlcoveClient({ baseURL: location.origin });
