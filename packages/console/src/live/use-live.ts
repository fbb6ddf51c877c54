/** Keeps what the page knows current by the host's event stream. */

import { useEffect } from "react";

import { client } from "../app/client.ts";
import { queries } from "../app/queries.ts";
import { LiveConnection } from "./live-connection.ts";
import { setLiveStatus } from "./live-status.ts";
import { whileVisible } from "./while-visible.ts";

export function useLive(): void {
  useEffect(() => {
    const connection = new LiveConnection(client, queries, setLiveStatus);
    return whileVisible({ open: () => connection.open(), close: () => connection.close() });
  }, []);
}
