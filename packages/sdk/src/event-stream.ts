/** What happens on a host: its newest events, and a stream of them that can be resumed. */

import { askJson } from "./answer-text.ts";
import type { CamelKeys } from "./camel-keys.ts";
import { deferred } from "./deferred.ts";
import { AlcoveConnectionError, AlcoveProtocolError } from "./errors.ts";
import type { HostSample } from "./native-host-shapes.ts";
import type { StreamChanged, StreamGap, StreamHello, StreamVm, VmEvent } from "./event-shapes.ts";
import { urlPath } from "./query.ts";
import { asResource, asResources, type Resource, resource } from "./resource.ts";
import { readEvents, type ServerSentEvent } from "./sse.ts";
import type { Wire } from "./wire.ts";

/** The host says something every 15 s, if only that it is there: after so long without, it is not. */
const SILENCE_MS = 45_000;

export type StreamEvent =
  /** the first of all */
  | { readonly kind: "hello"; readonly data: StreamHello }
  /** some of what was missed is not kept any more: fetch what is shown anew */
  | { readonly kind: "gap"; readonly data: StreamGap }
  | { readonly kind: "vm"; readonly data: StreamVm }
  | { readonly kind: "changed"; readonly data: StreamChanged }
  | { readonly kind: "host"; readonly data: HostSample };

/** The same as programs see it; `kind` says what `data` is. */
export type HostEvent = CamelKeys<StreamEvent>;

export interface EventRange {
  /** newest so many, 1 to 1,000; default 100 */
  readonly limit?: number;
}

export interface TimelineRange extends EventRange {
  /** only those before the event with this id */
  readonly before?: number;
}

const EVENT = {
  id: "number",
  at: "string",
  vm_id: "string",
  hostname: "string",
  input: "string",
  phase: "string",
  reason: "string?",
} as const;

const VM_EVENT: Resource<VmEvent> = resource<VmEvent>("event", EVENT);
const STREAM_VM: Resource<StreamVm> = resource<StreamVm>("event of a VM", {
  ...EVENT,
  vm: "object?",
});
const HELLO: Resource<StreamHello> = resource<StreamHello>("beginning of a stream", {
  id: "number",
  version: "string",
  started_at: "string",
});
const GAP: Resource<StreamGap> = resource<StreamGap>("gap", {
  oldest: "number",
  id: "number",
});
const CHANGED: Resource<StreamChanged> = resource<StreamChanged>("change", {
  what: "string",
  name: "string?",
  vm: "object?",
});
const SAMPLE: Resource<HostSample> = {
  what: "measurement of the host",
  matches: (value): value is HostSample =>
    typeof value === "object" && value !== null && "at" in value && typeof value.at === "number",
};

export class EventsApi {
  readonly #wire: Wire<Uint8Array>;

  constructor(wire: Wire<Uint8Array>) {
    this.#wire = wire;
  }

  /** Of all VMs; newest first. */
  async recent({ limit }: EventRange, signal: AbortSignal): Promise<readonly VmEvent[]> {
    const request = { method: "GET", path: "/v1/events", query: { limit } } as const;
    return asResources(await askJson(this.#wire, request, signal), VM_EVENT);
  }

  /** Of one VM; newest first. */
  async timeline(
    hostname: string,
    { limit, before }: TimelineRange,
    signal: AbortSignal,
  ): Promise<readonly VmEvent[]> {
    const path = urlPath`/v1/vms/${hostname}/events`;
    const request = { method: "GET", path, query: { limit, before } } as const;
    return asResources(await askJson(this.#wire, request, signal), VM_EVENT);
  }

  /**
   * From now on, or from behind the event with the id `after`. It ends with the daemon; to go on, ask again with the
   * last `id` that was seen. Events of kinds that are not known here are left out.
   * @throws AlcoveConnectionError when nothing comes any more, AlcoveProtocolError for what is no event
   */
  async *stream(after: number | undefined, signal: AbortSignal): AsyncGenerator<StreamEvent> {
    const headers = { accept: "text/event-stream" };
    const request = { method: "GET", path: "/v1/events", query: { after }, headers } as const;
    const answer = await this.#wire.open(request, signal);
    try {
      for await (const event of readEvents(awake(answer.chunks(), this.#wire.endpoint))) {
        const known = streamEventIn(event);
        if (known) yield known;
      }
    } finally {
      answer.close();
    }
  }
}

function streamEventIn({ event, data }: ServerSentEvent): StreamEvent | undefined {
  const value = jsonIn(data);
  if (event === "vm") return { kind: "vm", data: asResource(value, STREAM_VM) };
  if (event === "changed") return { kind: "changed", data: asResource(value, CHANGED) };
  if (event === "host") return { kind: "host", data: asResource(value, SAMPLE) };
  if (event === "hello") return { kind: "hello", data: asResource(value, HELLO) };
  if (event === "gap") return { kind: "gap", data: asResource(value, GAP) };
  return undefined;
}

function jsonIn(data: string): unknown {
  try {
    return JSON.parse(data) as unknown;
  } catch (cause) {
    throw new AlcoveProtocolError("An event of the host is not JSON", { cause });
  }
}

/** A connection that broke without a word (a computer that slept, say) is found out by its silence. */
async function* awake(
  chunks: AsyncGenerator<Uint8Array>,
  endpoint: string,
): AsyncGenerator<Uint8Array> {
  try {
    while (true) {
      const next = chunks.next();
      const { done, value } = await withinSilence(next, endpoint);
      if (done) return;
      yield value;
    }
  } finally {
    void chunks.return(undefined).catch(() => undefined); // it may wait for a chunk that never comes
  }
}

async function withinSilence<T>(next: Promise<T>, endpoint: string): Promise<T> {
  const { promise: silence, reject } = deferred<never>();
  const message = `The host has said nothing for ${SILENCE_MS / 1_000} s (${endpoint})`;
  const timer = setTimeout(() => reject(new AlcoveConnectionError(message, endpoint)), SILENCE_MS);
  try {
    return await Promise.race([next, silence]);
  } finally {
    clearTimeout(timer);
    next.catch(() => undefined); // asked for, and nobody may look at it any more
  }
}
