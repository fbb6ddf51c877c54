/** Server-sent events: the fields `id`, `event` and `data` of each; comments are heartbeats. */

import { readLines } from "./lines.ts";

export interface ServerSentEvent {
  readonly id: string;
  readonly event: string;
  readonly data: string;
}

/** @throws AlcoveProtocolError for a line that is too long or cut off */
export async function* readEvents(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<ServerSentEvent> {
  let event = { id: "", event: "message", data: new Array<string>() };
  for await (const line of readLines(chunks)) {
    const [, name, value = ""] = /^([^:\r]*)(?:: ?([^\r]*))?\r?$/.exec(line) ?? [];
    if (line === "" || line === "\r") {
      if (event.data.length > 0) yield { ...event, data: event.data.join("\n") };
      event = { id: event.id, event: "message", data: [] };
    } else if (name === "data") {
      event.data.push(value);
    } else if (name === "id" || name === "event") {
      event[name] = value;
    }
  }
}
