/**
 * What the contract asks of every endpoint, written down once more in words of its own and held
 * against the OpenAPI document: the document is made of the routes, so this is held against them.
 */

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { ApiDocument } from "#testing/api-document.ts";
import { SlicerApi } from "#testing/slicer-api.ts";

const api = await SlicerApi.make();
after(() => api[Symbol.asyncDispose]());
const document = new ApiDocument((await api.call("GET /openapi.json")).text);

interface Demand {
  /** the one status of success, or those of its forms */
  readonly success: number | readonly number[];
  readonly refusals?: readonly number[];
  /** query parameters and headers without which it is refused */
  readonly required?: readonly string[];
  /** query parameters that are understood */
  readonly understood?: readonly string[];
}

const user = ["uid", "gid"];
const tagFilter = ["tag", "tag_prefix"];

const CONTRACT: Readonly<Record<string, Demand>> = {
  "GET /info": { success: 200, refusals: [401] },
  "GET /healthz": { success: 200 },
  "HEAD /healthz": { success: 200 },
  "GET /vm/{hostname}/health": { success: 200, refusals: [404, 409, 503] },
  "HEAD /vm/{hostname}/health": { success: 200, refusals: [404, 409, 503] },
  "GET /nodes": { success: 200, refusals: [400], understood: tagFilter },
  "GET /hostgroup": { success: 200, refusals: [401] },
  "POST /hostgroup/{group}/nodes": {
    success: 201,
    refusals: [400, 404, 408, 409, 503],
    understood: ["wait", "timeout"],
  },
  "GET /hostgroup/{group}/nodes": {
    success: 200,
    refusals: [400, 404],
    understood: tagFilter,
  },
  "GET /vm/{hostname}/logs": { success: 200, refusals: [400, 404], understood: ["lines"] },
  "DELETE /hostgroup/{group}/nodes/{hostname}": { success: 200, refusals: [403, 404] },
  "GET /nodes/stats": { success: 200 },
  "GET /node/{hostname}/stats": { success: 200, refusals: [404] },
  "POST /vm/{hostname}/cp": {
    success: 200,
    refusals: [400, 404, 409, 413],
    required: ["path"],
    understood: [...user, "mode", "permissions", "source_name", "source_type", "copy_contents"],
  },
  "GET /vm/{hostname}/cp": {
    success: 200,
    refusals: [400, 404, 409],
    required: ["path"],
    understood: ["mode", "exclude"],
  },
  "POST /vm/{hostname}/exec": {
    success: [200, 201],
    refusals: [400, 404, 409, 503],
    required: ["cmd"],
    understood: [
      ...user,
      "args",
      "cwd",
      "shell",
      "stdin",
      "stdout",
      "stderr",
      "env",
      "stdio",
      "buffered",
      "background",
      "ring_bytes",
    ],
  },
  "GET /vm/{hostname}/exec": { success: 200, refusals: [404, 409, 503] },
  "GET /vm/{hostname}/exec/{id}": { success: 200, refusals: [404, 410] },
  "DELETE /vm/{hostname}/exec/{id}": { success: 200, refusals: [404, 409, 410] },
  "GET /vm/{hostname}/exec/{id}/logs": {
    success: 200,
    refusals: [400, 404, 410],
    understood: ["follow", "from_id"],
  },
  "POST /vm/{hostname}/exec/{id}/kill": { success: 200, refusals: [400, 404, 410] },
  "GET /vm/{hostname}/exec/{id}/wait-exit": {
    success: 200,
    refusals: [400, 404, 410],
    understood: ["timeout"],
  },
  "GET /secrets": { success: 200, refusals: [401] },
  "POST /secrets": { success: 201, refusals: [400, 409] },
  "PATCH /secrets/{name}": { success: 200, refusals: [400, 404] },
  "DELETE /secrets/{name}": { success: 200, refusals: [404] },
  "GET /vm/{hostname}/shell": {
    success: 101,
    refusals: [400, 401, 404, 409],
    understood: [...user, "shell", "cwd"],
  },
  "POST /vm/{hostname}/shutdown": {
    success: 200,
    refusals: [400, 404],
    understood: ["action"],
  },
  "POST /vm/{hostname}/pause": { success: 200, refusals: [404, 500] },
  "POST /vm/{hostname}/resume": { success: 200, refusals: [404, 500] },
  "GET /vm/{hostname}/forward": {
    success: 101,
    refusals: [400, 401, 404, 409, 502],
    required: ["x-inlets-upstream"],
  },
  "GET /metrics": { success: 200, refusals: [401] },
  "POST /vm/{hostname}/suspend": { success: 200, refusals: [404, 500, 501] },
  "POST /vm/{hostname}/restore": {
    success: 200,
    refusals: [404, 408, 409, 501],
    understood: ["wait", "timeout"],
  },
  "POST /vm/{hostname}/relaunch": { success: 200, refusals: [404, 409] },
  "POST /vm/{hostname}/commit": { success: 200, refusals: [404, 409] },
  "GET /vm/commits": { success: 200, understood: ["tag", "cache_key", "source", "mode"] },
  "DELETE /vm/commits/{id}": { success: 200, refusals: [404, 409] },
  "POST /vm/commits/{id}/fork": {
    success: 200,
    refusals: [400, 404, 408],
    understood: ["wait", "timeout"],
  },
  "GET /vm/{hostname}": { success: 200, refusals: [404] },
  "GET /vm/{hostname}/tags": { success: 200, refusals: [404] },
  "PATCH /vm/{hostname}/tags": { success: 200, refusals: [400, 404, 409] },
  "GET /devices": { success: 200 },
  "POST /daemon/shutdown": { success: 202, refusals: [401] },
  "GET /vm/{hostname}/fs/readdir": {
    success: 200,
    refusals: [400, 404, 409],
    required: ["path"],
  },
  "GET /vm/{hostname}/fs/stat": { success: 200, refusals: [400, 404, 409], required: ["path"] },
  "POST /vm/{hostname}/fs/mkdir": { success: 200, refusals: [400, 404, 409] },
  "DELETE /vm/{hostname}/fs/remove": {
    success: 200,
    refusals: [400, 404, 409],
    required: ["path"],
    understood: ["recursive"],
  },
  "GET /vm/{hostname}/fs/watch": {
    success: 200,
    refusals: [400, 404, 409],
    required: ["paths"],
    understood: [
      "patterns",
      "events",
      "recursive",
      "one_shot",
      "debounce",
      "timeout",
      "max_events",
      "uid",
    ],
  },
};

for (const [line, demand] of Object.entries(CONTRACT)) {
  test(`contract: ${line} is as it has to be`, () => {
    const found = document.operations.find(({ method, path }) => `${method} ${path}` === line);
    assert.ok(found, "it is not in the document");
    const { responses, parameters = [] } = found;
    const statuses = Object.keys(responses).map(Number);
    const { success, refusals = [], required = [], understood = [] } = demand;
    assert.deepEqual(
      statuses.filter((status) => status < 400),
      [success].flat(),
    );
    for (const status of refusals) assert.ok(statuses.includes(status), `${status} is missing`);
    const mayMiss = parameters.filter((it) => it.in !== "path");
    const musts = mayMiss.filter((it) => it.required).map(({ name }) => name);
    assert.deepEqual(musts, required);
    const names = parameters.map(({ name }) => name);
    for (const name of understood) assert.ok(names.includes(name), `${name} is not understood`);
  });
}

test("contract: beyond it there is only what Alcove adds itself", () => {
  const ours = document.operations
    .filter(({ method, path }) => !Object.hasOwn(CONTRACT, `${method} ${path}`))
    .map(({ method, path }) => `${method} ${path}`);
  assert.deepEqual(ours.toSorted(), [
    "DELETE /v1/aleph/operator",
    "DELETE /v1/images/works/{id}",
    "DELETE /v1/images/{reference}",
    "DELETE /v1/session",
    "DELETE /v1/templates/{id}",
    "DELETE /v1/vms/{hostname}/terminals/{id}",
    "GET /openapi.json",
    "GET /v1/aleph",
    "GET /v1/aleph/checks/{check}",
    "GET /v1/aleph/config",
    "GET /v1/aleph/executions",
    "GET /v1/aleph/executions/{hash}",
    "GET /v1/aleph/openapi.json",
    "GET /v1/aleph/usage",
    "GET /v1/events",
    "GET /v1/groups",
    "GET /v1/host",
    "GET /v1/host/meters",
    "GET /v1/images",
    "GET /v1/pools",
    "GET /v1/session",
    "GET /v1/templates",
    "GET /v1/vms",
    "GET /v1/vms/{hostname}",
    "GET /v1/vms/{hostname}/console",
    "GET /v1/vms/{hostname}/events",
    "GET /v1/vms/{hostname}/meters",
    "GET /v1/vms/{hostname}/terminals",
    "GET /v1/vms/{hostname}/terminals/{id}/attach",
    "POST /v1/aleph/executions/{hash}/{action}",
    "POST /v1/aleph/operator",
    "POST /v1/images",
    "POST /v1/session",
    "POST /v1/session/codes",
    "POST /v1/templates",
    "POST /v1/vms/{hostname}/fork",
    "POST /v1/vms/{hostname}/terminals",
  ]);
});
