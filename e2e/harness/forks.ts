/** Forks of VMs that run, as a client asks for them. */

import assert from "node:assert/strict";

import type { Api } from "./api.ts";
import { asObject, asObjects, type JsonObject, textIn } from "./json-value.ts";

export interface Forked {
  /** how long the source stood still, in `ms` */
  readonly pauseMs: number;
  /** as the answer has them */
  readonly children: readonly JsonObject[];
  /** host names of the children */
  readonly hostnames: readonly string[];
}

/** All of the children that were asked for, or the test fails. */
export async function forkVm(api: Api, source: string, body: object = {}): Promise<Forked> {
  const { status, json, text } = await api.post(`/v1/vms/${source}/fork`, { json: body });
  assert.equal(status, 200, text);
  const answer = asObject(json);
  assert.deepEqual([answer["source"], answer["failures"]], [source, []]);
  const children = asObjects(answer["children"]);
  const hostnames = children.map((child) => textIn(child, "hostname"));
  return { pauseMs: Number(answer["pause_ms"]), children, hostnames };
}
