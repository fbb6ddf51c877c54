/** Keeps what the page knows current by the host's event stream. */

import { useEffect } from "react";

import { client } from "../app/client.ts";
import { queries } from "../app/queries.ts";
import { LiveConnection, whileVisible } from "./live-connection.ts";
import { setLiveStatus } from "./live-status.ts";

export function useLive(): void {
  useEffect(() => whileVisible(new LiveConnection(client, queries, setLiveStatus)), []);
}
