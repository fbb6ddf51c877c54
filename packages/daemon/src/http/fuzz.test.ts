/**
 * Every operation of the OpenAPI document gets requests that fit, almost fit and do not fit, over a
 * real connection. Whatever comes is answered, in time, and as the document says.
 *
 * FUZZ_RUNS sets how many requests each operation gets, FUZZ_SEED another beginning.
 */

import assert from "node:assert/strict";
import { request as send } from "node:http";
import type { IncomingMessage } from "node:http";
import { after, test } from "node:test";

import { assert as assertProperty, asyncProperty } from "fast-check";

import { settlesWithin } from "#lib/patience.ts";
import { ApiDocument, type ApiOperation } from "#testing/api-document.ts";
import { apiRequest, type ApiRequest, type Sensible } from "#testing/api-requests.ts";
import { never } from "#testing/fake-host.ts";
import { SlicerApi } from "#testing/slicer-api.ts";

const RUNS = Number(process.env["FUZZ_RUNS"] ?? 12);
const SEED = Number(process.env["FUZZ_SEED"] ?? 20_261_122);

/** an answer that takes longer hangs */
const ANSWER_MS = 10_000;
/** a stream without an end is left after this */
const STREAM_MS = 150;
const MAX_VMS = 4;

const TOKEN = "t0ken";
const api = await SlicerApi.make({ token: TOKEN });
after(() => api[Symbol.asyncDispose]());
const [host = "", port = ""] = (await api.listen()).split(":");
const headers = { authorization: `Bearer ${TOKEN}` };
const document = new ApiDocument((await api.call("GET /openapi.json", { headers })).text);

const HOSTNAMES = ["sbox-1", "sbox-2", "sbox-3", "sbox-4", "none-1"];
const SENSIBLE: Sensible = {
  hostname: HOSTNAMES,
  group: ["sbox", "sbox", "none"],
  name: ["token", "other", "name=web"],
  tag: ["a", "name=web", ""],
  tag_prefix: ["a", "name=", ""],
  tags: ["a", "b", "name=web", "name=sbox-1", "name=Up"],
  add: ["a", "name=db", "name=Up"],
  remove: ["a", "name=db"],
  replace: ["a", "c"],
  wait: ["agent", "userdata", "never"],
  timeout: ["5s", "1ms", "0", "-1s", "1h", "2h", "90", "1.5s"],
  lines: ["0", "1", "20", "-1", "x", "99999999999"],
  action: ["shutdown", "reboot", "explode"],
  cmd: ["true", "echo hello", "cat", "no-such-program", "exit 3", "pwd"],
  args: ["-c", "echo hello", ""],
  uid: ["0", "1000", "4294967295", "4294967296", "root"],
  gid: ["0", "1000", "4294967295", "wheel"],
  cwd: ["/", "/tmp", "~", "/none"],
  shell: ["/bin/sh", "", "/no/shell"],
  env: ["A=b", "A", "=b"],
  stdin: ["true", "false", "1"],
  stdout: ["true", "false", "perhaps"],
  stderr: ["true", "false"],
  stdio: ["text", "base64", "morse"],
  buffered: ["true", "false"],
  background: ["true", "false"],
  path: ["/tmp/a", "/tmp", "/", "~/a", "a", "/none/a", "/tmp/a/.."],
  mode: ["binary", "tar", "cp-v1-binary", "cp-v1-tar", "cp-v1-recursive", "0644", "fax"],
  permissions: ["0644", "600", "0o755", "888"],
  source_name: ["a", "..", "a/b"],
  source_type: ["file", "directory"],
  copy_contents: ["true", "false"],
  exclude: ["*", "**/a", "["],
  recursive: ["true", "false"],
  data: ["aGVsbG8=", "aGVsbG8", "!", ""],
  ip: ["10.0.0.9", "10.0.0.9/24", "x"],
  disk_image: ["base", "none"],
  userdata: ["echo hello", "exit 1", "#!/bin/sh\ntrue"],
  ssh_keys: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJ1dA== me", "nonsense"],
  secrets: ["token", "none"],
  allow: ["10.0.0.0/8", "x"],
  drop: ["0.0.0.0/0", "x"],
  limit: ["1", "1000", "0", "x"],
  signal: ["TERM", "SIGKILL", "HUP", "BREAD"],
  follow: ["true", "false"],
  from_id: ["0", "1", "2", "99999", "-1", "x"],
  ring_bytes: ["4096", "0", "1", "999999999999", "x"],
  paths: ["/tmp", "/tmp/a", "~", "/none"],
  patterns: ["*", "*.txt", "["],
  events: ["create", "all", "explode"],
  one_shot: ["true", "false"],
  debounce: ["10ms", "0", "1h", "x"],
  max_events: ["1", "0", "x"],
  "last-event-id": ["1", "x", "99999999999999999999999"],
  "x-inlets-upstream": ["127.0.0.1:7", "127.0.0.1:8", "unix:/run/a.sock", "nowhere"],
  "x-slicer-unpacked-size": ["1", "999999999999999", "x"],
};

for (const operation of document.operations) {
  test(`fuzz: ${operation.operationId} answers whatever comes, as the document says`, async () => {
    await someVms();
    const sensible = { ...SENSIBLE, id: await someBackground() };
    const property = asyncProperty(apiRequest(operation, sensible), async (request) => {
      await someVms();
      const before = api.host.log.lines.length;
      const answer = await answerTo(request, operation);
      assert.equal(problemOf(operation, answer), undefined, described(request, answer));
      const faults = api.host.log.lines
        .slice(before)
        .filter(({ event, code }) => event === "http.failed" && code === "internal");
      assert.deepEqual(faults, [], described(request, answer));
    });
    await assertProperty(property, { numRuns: RUNS, seed: SEED });
  });
}

interface Heard {
  readonly status: number;
  readonly type: string | undefined;
  readonly text: string;
  readonly end: "whole" | "left" | "broken" | "hung";
}

/** A few VMs in different phases, whatever became of them. */
async function someVms(): Promise<void> {
  const kept = api.vms.list().slice(0, MAX_VMS);
  for (const vm of api.vms.list().slice(MAX_VMS)) await api.vms.delete(vm);
  for (let count = kept.length; count < 3; count += 1) {
    const hostname = await api.vm({ persistent: count > 0 }, headers);
    if (count === 2) await api.vms.get(hostname).pause(never);
  }
}

/** @returns ids of programs in the background, and others */
async function someBackground(): Promise<readonly string[]> {
  const ids = ["ex_none", "none"];
  for (const command of ["cmd=true", "cmd=sleep&args=600"]) {
    const line = `POST /vm/sbox-1/exec?background=true&${command}`;
    const { text, status } = await api.call(line, { headers });
    if (status === 201) ids.push(JSON.parse(text).exec_id);
  }
  return ids;
}

async function answerTo(request: ApiRequest, { responses }: ApiOperation): Promise<Heard> {
  const { method, url, headers: own, body } = request;
  const isSocket = Object.hasOwn(responses, "101");
  const call = send({
    host,
    port: Number(port),
    method,
    path: url,
    agent: false,
    headers: { ...own, ...headers, ...(isSocket ? UPGRADE : {}) },
  });
  const { promise, resolve, reject } = Promise.withResolvers<Heard>();
  call.once("response", (response) => void heard(response).then(resolve, reject));
  call.once("upgrade", (_response, socket) => {
    socket.destroy();
    resolve({ status: 101, type: undefined, text: "", end: "whole" });
  });
  call.on("error", reject); // later ones follow from leaving
  call.end(body);
  try {
    if (await settlesWithin(promise, ANSWER_MS)) return await promise;
    return { status: 0, type: undefined, text: "", end: "hung" };
  } finally {
    call.destroy();
  }
}

const UPGRADE = {
  connection: "Upgrade",
  upgrade: "websocket",
  "sec-websocket-version": "13",
  "sec-websocket-key": Buffer.alloc(16, 7).toString("base64"),
};

const STREAMS = new Set(["application/octet-stream", "application/x-ndjson", "text/event-stream"]);

async function heard(response: IncomingMessage): Promise<Heard> {
  const status = response.statusCode ?? 0;
  const type = response.headers["content-type"];
  let text = "";
  response.on("data", (chunk) => (text += String(chunk)));
  const { promise: over, resolve } = Promise.withResolvers<"whole" | "broken">();
  response.once("close", () => resolve(response.complete ? "whole" : "broken"));
  const isStream = STREAMS.has(type?.split(";", 1)[0] ?? "");
  const ended = await settlesWithin(over, isStream ? STREAM_MS : ANSWER_MS);
  const unfinished = isStream ? "left" : "hung";
  return { status, type, text, end: ended ? await over : unfinished };
}

function problemOf(operation: ApiOperation, answer: Heard): string | undefined {
  if (answer.end === "hung") return "no answer, or none that ends";
  // A path that leads elsewhere, because a name has become none.
  if (answer.status === 404 && answer.text.includes("route_not_found")) return undefined;
  const isCut = answer.end !== "whole";
  return document.problemWith(
    operation,
    isCut ? { ...answer, type: answer.type, text: "" } : answer,
  );
}

function described({ method, url, headers: own, body }: ApiRequest, answer: Heard): string {
  const sent = body === undefined ? "" : ` with ${body.toString().slice(0, 400)}`;
  const asked = `${method} ${url} ${JSON.stringify(own)}${sent}`;
  return `${asked}\n→ ${answer.status} ${answer.type} ${answer.end} ${answer.text.slice(0, 400)}`;
}
