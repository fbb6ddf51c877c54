/** What the daemon says of this browser's session. */

import type { client } from "../app/client.ts";

export type HostSession = Awaited<ReturnType<typeof client.session.get>>;
