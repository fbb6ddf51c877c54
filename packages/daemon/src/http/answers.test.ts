/** Real answers, each held to what the OpenAPI document says of it: nothing more, nothing less. */

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { alephAtHost, openToAll } from "#testing/aleph-at-host.ts";
import { surfaceWorld } from "#testing/aleph-surface.ts";
import { aView } from "#testing/aleph-views.ts";
import { ApiDocument } from "#testing/api-document.ts";
import { never } from "#testing/fake-host.ts";
import { SlicerApi } from "#testing/slicer-api.ts";

const node = surfaceWorld();
const execution = "deca".repeat(16);
node.views.set(execution, aView(execution, "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"));
const aleph = alephAtHost(node, { login: openToAll(node) });
const api = await SlicerApi.make({ templates: "on", aleph });
after(() => api[Symbol.asyncDispose]());
const document = new ApiDocument((await api.call("GET /openapi.json")).text);
const vm = await api.vm({ persistent: true, tags: ["a"], userdata: "echo hello" });
const paused = await api.vm();
await api.vms.get(paused).pause(never);
const stopped = await api.vm({ persistent: true });
await api.vms.get(stopped).stop(never);
const commit = await committed();
const unneeded = await committed();
const template = await oneTemplate();
const terminal = await oneTerminal();
const work = await oneImport();
const program = await background("echo&args=hello");
const ended = await background("true");

/** @returns the commit of a VM that is gone */
async function committed(): Promise<string> {
  const source = await api.vm({ persistent: true });
  await api.vms.get(source).stop(never);
  const { text } = await api.call(`POST /vm/${source}/commit`);
  const { commit_id: id }: { commit_id: string } = JSON.parse(text);
  await api.call(`DELETE /hostgroup/sbox/nodes/${source}`);
  return id;
}

async function background(command: string): Promise<string> {
  const { text } = await api.call(`POST /vm/${vm}/exec?background=true&cmd=${command}`);
  const { exec_id: id }: { exec_id: string } = JSON.parse(text);
  return id;
}

async function oneTerminal(): Promise<string> {
  const body = '{"cols":80,"rows":24}';
  const { text } = await api.call(`POST /v1/vms/${vm}/terminals`, { body });
  const { id }: { id: string } = JSON.parse(text);
  return id;
}

async function oneImport(): Promise<string> {
  const body = '{"name":"taken-in","file":"disk.qcow2"}';
  const { text } = await api.call("POST /v1/images", { body });
  const { id }: { id: string } = JSON.parse(text);
  return id;
}

async function oneTemplate(): Promise<string> {
  const { text } = await api.call("POST /v1/templates", { body: '{"memory_bytes":134217728}' });
  const { id }: { id: string } = JSON.parse(text);
  return id;
}

const HELLO = JSON.stringify({ name: "token", data: "aGVsbG8=" });

/** In this order; the first number is the status. */
const STORY: readonly (readonly [id: string, status: number, line: string, body?: string])[] = [
  ["getInfo", 200, "GET /info"],
  ["getHealthz", 200, "GET /healthz"],
  ["getHealthzHead", 200, "HEAD /healthz"],
  ["listHostGroups", 200, "GET /hostgroup"],
  ["listDevices", 200, "GET /devices"],
  ["listNodes", 200, "GET /nodes"],
  ["listNodes", 400, "GET /nodes?tag=a&tag_prefix=b"],
  ["listGroupNodes", 200, "GET /hostgroup/sbox/nodes"],
  ["listGroupNodes", 404, "GET /hostgroup/none/nodes"],
  ["createNode", 201, "POST /hostgroup/sbox/nodes", '{"tags":["b"]}'],
  ["createNode", 400, "POST /hostgroup/sbox/nodes", '{"cpus":64}'],
  ["createNode", 408, "POST /hostgroup/sbox/nodes?wait=agent&timeout=0s"],
  ["listStats", 200, "GET /nodes/stats"],
  ["getStats", 200, `GET /node/${vm}/stats`],
  ["describeVm", 200, `GET /vm/${vm}`],
  ["describeVm", 200, `GET /vm/${stopped}`],
  ["getHealth", 200, `GET /vm/${vm}/health`],
  ["getHealth", 409, `GET /vm/${paused}/health`],
  ["getHealthHead", 200, `HEAD /vm/${vm}/health`],
  ["getLogs", 200, `GET /vm/${vm}/logs`],
  ["getTags", 200, `GET /vm/${vm}/tags`],
  ["changeTags", 200, `PATCH /vm/${vm}/tags`, '{"add":["c"]}'],
  ["exec", 200, `POST /vm/${vm}/exec?cmd=echo&args=hello`],
  ["exec", 200, `POST /vm/${vm}/exec?cmd=echo&args=hello&stdio=base64`],
  ["exec", 200, `POST /vm/${vm}/exec?cmd=no-such-program`],
  ["exec", 200, `POST /vm/${vm}/exec?cmd=echo&args=hello&buffered=true`],
  ["exec", 200, `POST /vm/${vm}/exec?cmd=no-such-program&buffered=true`],
  ["exec", 201, `POST /vm/${vm}/exec?cmd=true&background=true`],
  ["exec", 400, `POST /vm/${vm}/exec`],
  ["openTerminal", 201, `POST /v1/vms/${vm}/terminals`, '{"cols":80,"rows":24}'],
  ["openTerminal", 400, `POST /v1/vms/${vm}/terminals`, '{"cols":0,"rows":24}'],
  ["openTerminal", 404, "POST /v1/vms/none-1/terminals", '{"cols":80,"rows":24}'],
  ["openTerminal", 409, `POST /v1/vms/${paused}/terminals`, '{"cols":80,"rows":24}'],
  ["listTerminals", 200, `GET /v1/vms/${vm}/terminals`],
  ["attachTerminal", 400, `GET /v1/vms/${vm}/terminals/${terminal}/attach`],
  ["deleteTerminal", 204, `DELETE /v1/vms/${vm}/terminals/${terminal}`],
  ["deleteTerminal", 410, `DELETE /v1/vms/${vm}/terminals/${terminal}`],
  ["deleteTerminal", 404, `DELETE /v1/vms/${vm}/terminals/${program}`],
  ["waitForBackground", 200, `GET /vm/${vm}/exec/${ended}/wait-exit?timeout=5`],
  ["waitForBackground", 200, `GET /vm/${vm}/exec/${program}/wait-exit?timeout=5`],
  ["listBackground", 200, `GET /vm/${vm}/exec`],
  ["getBackground", 200, `GET /vm/${vm}/exec/${program}`],
  ["getBackgroundLogs", 200, `GET /vm/${vm}/exec/${program}/logs`],
  ["killBackground", 200, `POST /vm/${vm}/exec/${program}/kill`],
  ["reapBackground", 200, `DELETE /vm/${vm}/exec/${program}`],
  ["getBackground", 410, `GET /vm/${vm}/exec/${program}`],
  ["makeDirectory", 200, `POST /vm/${vm}/fs/mkdir`, '{"path":"/tmp/d"}'],
  ["copyIn", 200, `POST /vm/${vm}/cp?path=/tmp/d/file`, "content"],
  ["copyOut", 200, `GET /vm/${vm}/cp?path=/tmp/d/file`],
  ["copyOut", 200, `GET /vm/${vm}/cp?path=/tmp/d&mode=tar`],
  ["copyOut", 400, `GET /vm/${vm}/cp?path=/tmp/d`],
  ["copyOut", 404, `GET /vm/${vm}/cp?path=/tmp/none`],
  ["stat", 200, `GET /vm/${vm}/fs/stat?path=/tmp/d/file`],
  ["readDirectory", 200, `GET /vm/${vm}/fs/readdir?path=/tmp/d`],
  ["remove", 400, `DELETE /vm/${vm}/fs/remove?path=/tmp/d`],
  ["remove", 200, `DELETE /vm/${vm}/fs/remove?path=/tmp/d&recursive=true`],
  ["createSecret", 201, "POST /secrets", HELLO],
  ["createSecret", 409, "POST /secrets", HELLO],
  ["listSecrets", 200, "GET /secrets"],
  ["changeSecret", 200, "PATCH /secrets/token", '{"permissions":"0640"}'],
  ["deleteSecret", 200, "DELETE /secrets/token"],
  ["deleteSecret", 404, "DELETE /secrets/token"],
  ["pauseVm", 200, `POST /vm/${vm}/pause`],
  ["resumeVm", 200, `POST /vm/${vm}/resume`],
  ["suspendVm", 200, `POST /vm/${vm}/suspend`],
  ["restoreVm", 200, `POST /vm/${vm}/restore?wait=agent`],
  ["commitVm", 200, `POST /vm/${stopped}/commit`, '{"cache_key":"k","labels":{"a":"b"}}'],
  ["commitVm", 409, `POST /vm/${vm}/commit`],
  ["listCommits", 200, "GET /vm/commits?cache_key=k"],
  ["forkCommit", 200, `POST /vm/commits/${commit}/fork?wait=agent`, '{"vcpu":1}'],
  ["forkCommit", 404, "POST /vm/commits/cmt-0/fork"],
  ["forkCommit", 408, `POST /vm/commits/${unneeded}/fork?wait=agent&timeout=0s`],
  ["deleteCommit", 409, `DELETE /vm/commits/${commit}`],
  ["deleteCommit", 200, `DELETE /vm/commits/${unneeded}`],
  ["describeVm", 200, `GET /vm/${stopped}`],
  ["relaunchVm", 200, `POST /vm/${stopped}/relaunch`],
  ["relaunchVm", 409, `POST /vm/${stopped}/relaunch`],
  ["shutDownVm", 200, `POST /vm/${vm}/shutdown`, '{"action":"shutdown"}'],
  ["deleteNode", 200, `DELETE /hostgroup/sbox/nodes/${vm}`],
  ["deleteNode", 404, `DELETE /hostgroup/sbox/nodes/${vm}`],
  ["getHost", 200, "GET /v1/host"],
  ["listGroups", 200, "GET /v1/groups"],
  ["getHostMeters", 200, "GET /v1/host/meters?after=0"],
  ["getVmMeters", 200, `GET /v1/vms/${stopped}/meters`],
  ["getVmMeters", 404, "GET /v1/vms/none/meters"],
  ["listVmAccounts", 200, "GET /v1/vms"],
  ["getVmAccount", 200, `GET /v1/vms/${paused}`],
  ["getVmAccount", 404, "GET /v1/vms/none-1"],
  ["forkVm", 200, `POST /v1/vms/${paused}/fork`, "{}"],
  ["buildTemplate", 202, "POST /v1/templates", '{"vcpus":1,"wait":false}'],
  ["buildTemplate", 201, "POST /v1/templates", '{"group":"sbox","memory_bytes":268435456}'],
  ["buildTemplate", 200, "POST /v1/templates", '{"group":"sbox","memory_bytes":268435456}'],
  ["buildTemplate", 400, "POST /v1/templates", '{"vcpus":64}'],
  ["buildTemplate", 404, "POST /v1/templates", '{"group":"none"}'],
  ["listTemplates", 200, "GET /v1/templates"],
  ["listPools", 200, "GET /v1/pools"],
  ["removeImage", 409, "DELETE /v1/images/base"],
  ["removeImage", 404, "DELETE /v1/images/none"],
  ["makeImage", 202, "POST /v1/images", '{"recipe":"systemd"}'],
  ["makeImage", 202, "POST /v1/images", '{"name":"mine","file":"disk.qcow2"}'],
  ["makeImage", 400, "POST /v1/images", '{"recipe":"none"}'],
  ["makeImage", 400, "POST /v1/images", "{}"],
  ["listImages", 200, "GET /v1/images"],
  ["cancelImageWork", 200, `DELETE /v1/images/works/${work}`],
  ["cancelImageWork", 404, "DELETE /v1/images/works/none"],
  ["removeImage", 200, "DELETE /v1/images/spare"],
  ["deleteTemplate", 200, `DELETE /v1/templates/${template}`],
  ["deleteTemplate", 404, `DELETE /v1/templates/${template}`],
  ["listEvents", 200, "GET /v1/events"],
  ["listEvents", 400, "GET /v1/events?after=1"],
  ["listVmEvents", 200, `GET /v1/vms/${paused}/events?limit=2`],
  ["listVmEvents", 400, `GET /v1/vms/${paused}/events?before=x`],
  ["listVmEvents", 404, "GET /v1/vms/none-1/events"],
  ["listVmAccounts", 200, "GET /v1/vms?memory=none"],
  ["listVmAccounts", 400, "GET /v1/vms?memory=some"],
  ["getSession", 200, "GET /v1/session"],
  ["signIn", 200, "POST /v1/session", '{"token":"any"}'],
  ["signIn", 400, "POST /v1/session", '{"token":1}'],
  ["createSignInCode", 201, "POST /v1/session/codes"],
  ["signOut", 204, "DELETE /v1/session"],
  ["getAlephNode", 200, "GET /v1/aleph"],
  ["getAlephUsage", 200, "GET /v1/aleph/usage"],
  ["listAlephExecutions", 200, "GET /v1/aleph/executions"],
  ["checkAlephNode", 200, "GET /v1/aleph/checks/host"],
  ["checkAlephNode", 400, "GET /v1/aleph/checks/none"],
  ["getAlephOpenApi", 200, "GET /v1/aleph/openapi.json"],
  ["signInAtAlephNode", 204, "POST /v1/aleph/operator", '{"token":"sekret"}'],
  ["signInAtAlephNode", 400, "POST /v1/aleph/operator", '{"token":1}'],
  ["signInAtAlephNode", 401, "POST /v1/aleph/operator", '{"token":"other"}'],
  ["signOutOfAlephNode", 204, "DELETE /v1/aleph/operator"],
  ["getAlephConfig", 200, "GET /v1/aleph/config"],
  ["getAlephExecution", 200, `GET /v1/aleph/executions/${execution}`],
  ["getAlephExecution", 404, "GET /v1/aleph/executions/none"],
  ["actOnAlephExecution", 200, `POST /v1/aleph/executions/${execution}/stop`],
  ["actOnAlephExecution", 400, `POST /v1/aleph/executions/${execution}/paint`],
  ["actOnAlephExecution", 404, "POST /v1/aleph/executions/none/erase"],
  ["getMetrics", 200, "GET /metrics"],
  ["getOpenApi", 200, "GET /openapi.json"],
  ["stopDaemon", 202, "POST /daemon/shutdown"],
];

for (const [id, status, line, body] of STORY) {
  test(`answers: ${line} is ${status}, as the document says`, async () => {
    const answer = await api.call(line, body === undefined ? {} : { body });
    assert.equal(answer.status, status, answer.text);
    assert.equal(document.problemWith(document.operation(id), answer), undefined);
  });
}

/** They have no end, or are no answers at all; their own tests look at them. */
const ENDLESS = ["attachTerminal", "followConsole", "openForward", "openShell", "watch"];

test("answers: every operation has been tried, and gone well once", () => {
  const tried = STORY.filter(([, status]) => status < 300).map(([id]) => id);
  const ids = document.operations.map(({ operationId }) => operationId);
  assert.deepEqual([...new Set([...tried, ...ENDLESS])].toSorted(), ids.toSorted());
});

test("answers: what a client reads is not shaped by the document: nothing is stripped or filled in", async () => {
  const { text } = await api.call("GET /info");
  const about = { version: "1.2.3", git_commit: "c0ffee", platform: "linux", arch: "amd64" };
  assert.equal(text, JSON.stringify(about));
});

test("answers: a body without measure is refused or read, as the document says", async () => {
  const body = Buffer.alloc(1024 * 1024 + 1, " ");
  for (const operation of document.operations) {
    const { method, path } = operation;
    if (method === "GET" || method === "HEAD") continue;
    const answer = await api.call(`${method} ${path.replaceAll(/\{\w+\}/g, "none-1")}`, { body });
    assert.equal(document.problemWith(operation, answer), undefined, `${method} ${path}`);
  }
});
