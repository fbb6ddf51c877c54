import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:http";
import { after, test } from "node:test";

import { MAX_KEPT_OUTPUT_BYTES } from "#core/exec/run.ts";
import type { GuestExec } from "#core/ports/guest-link.ts";
import { eventually } from "#testing/eventually.ts";
import { never } from "#testing/fake-host.ts";
import { SlicerApi } from "#testing/slicer-api.ts";
import { assertStrict, count, exactly, filled, maybe, shape, text } from "#testing/strict-json.ts";
import { dialerWith } from "#testing/troubles.ts";

interface Frame {
  readonly type?: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly exit_code: number;
  readonly error?: string;
}

/** commands as the guest was asked to run them, newest last */
const asked: GuestExec[] = [];

const api = await SlicerApi.make({
  parts: (host) => ({
    dialer: dialerWith(host.dialer, (link) => ({
      exec: (command, signal) => {
        asked.push(command);
        return link.exec(command, signal);
      },
    })),
  }),
});
after(() => api[Symbol.asyncDispose]());
const address = await api.listen();
const hostname = await api.vm();
const EXEC = `/vm/${hostname}/exec`;

function framesIn(body: string): readonly Frame[] {
  assert.ok(body.endsWith("\n"));
  return body
    .slice(0, -1)
    .split("\n")
    .map((line): Frame => JSON.parse(line));
}

test("slicer exec: a command is streamed as NDJSON, ending with its exit code", async () => {
  const command = "echo out; echo err >&2; exit 42";
  const {
    status,
    type,
    text: body,
  } = await api.call(`POST ${EXEC}?cmd=${encodeURIComponent(command)}`);
  assert.deepEqual([status, type], [200, "application/x-ndjson"]);
  const frames = framesIn(body);
  assert.deepEqual(
    frames.map((frame) => [frame.type, frame.stdout, frame.stderr, frame.exit_code]),
    [
      ["started", "", "", 0],
      ["stdout", "out\n", "", 0],
      ["stderr", "", "err\n", 0],
      ["exit", "", "", 42],
    ],
  );
});

const COMMANDS: readonly (readonly [query: string, Partial<GuestExec>])[] = [
  ["cmd=true", { program: { kind: "auto", command: "true" }, user: { uid: 0, gid: undefined } }],
  ["cmd=echo+a%2Bb", { program: { kind: "auto", command: "echo a+b" } }],
  [
    "args=-c&args=a+b&args=&cmd=echo",
    { program: { kind: "argv", argv: ["echo", "-c", "a b", ""] } },
  ],
  ["cmd=echo&shell=", { program: { kind: "argv", argv: ["echo"] } }],
  [
    "cmd=echo&args=x&shell=%2Fbin%2Fsh",
    { program: { kind: "shell", shell: "/bin/sh", command: "echo", args: ["x"] } },
  ],
  ["cmd=true&uid=4294967295&gid=4294967295", { user: "default" }],
  ["cmd=true&uid=1000&gid=1000", { user: { uid: 1000, gid: 1000 } }],
  ["cmd=true&uid=1000&gid=4294967295", { user: { uid: 1000, gid: undefined } }],
  ["cmd=true&env=B%3D2&env=A%3D1%3D1&env=C%3D", { env: ["B=2", "A=1=1", "C="] }],
  ["cmd=pwd&cwd=%2Ftmp", { cwd: "/tmp" }],
  ["cmd=true&cwd=", { cwd: undefined }],
  ["cmd=true&stdout=false&stderr=0", { stdout: false, stderr: false, stdin: false }],
  ["cmd=true&stdin=TRUE&stdout=&stderr=1", { stdin: true, stdout: true, stderr: true }],
  ["cmd=true&permissions=0755&unheard=of", { program: { kind: "auto", command: "true" } }],
];

for (const [query, wanted] of COMMANDS) {
  test(`slicer exec: ?${query} is understood`, async () => {
    const { status } = await api.call(`POST ${EXEC}?${query}`);
    assert.equal(status, 200);
    assert.partialDeepStrictEqual(asked.at(-1), wanted);
  });
}

const WRONG = [
  "",
  "cmd=",
  "cmd=true&stdio=hex",
  "cmd=true&stdin=yes",
  "cmd=true&uid=root",
  "cmd=true&uid=-1",
  "cmd=true&uid=4294967296",
  "cmd=true&env=novalue",
  "cmd=true&env=%3Dx",
  "cmd=true&stdin=true&buffered=true",
] as const;

for (const query of WRONG) {
  test(`slicer exec: ?${query} is 400 before any frame`, async () => {
    const before = asked.length;
    const { status, text: body } = await api.call(`POST ${EXEC}?${query}`);
    assert.equal(status, 400);
    assertStrict(body, shape({ error: filled, code: exactly("invalid_request") }));
    assert.equal(asked.length, before);
  });
}

for (const buffered of ["", "&buffered=true"]) {
  test(`slicer exec: a program that does not exist is 200 and exit code 127${buffered}`, async () => {
    const { status, text: body } = await api.call(`POST ${EXEC}?cmd=nope&shell=${buffered}`);
    assert.equal(status, 200);
    const frames = framesIn(body.endsWith("\n") ? body : `${body}\n`);
    assert.equal(frames.length, 1);
    assert.equal(frames[0]?.exit_code, 127);
    assert.match(frames[0]?.error ?? "", /nope does not exist/);
  });
}

const BUFFERED = shape({
  stdout: text,
  stderr: text,
  exit_code: count,
  pid: count,
  encoding: maybe(exactly("base64")),
});

test("slicer exec: a buffered answer is one object, also for a failure", async () => {
  const command = encodeURIComponent("echo out; echo err >&2; exit 3");
  const { status, type, text: body } = await api.call(`POST ${EXEC}?cmd=${command}&buffered=true`);
  assert.deepEqual([status, type], [200, "application/json; charset=utf-8"]);
  assertStrict(body, BUFFERED);
  assert.partialDeepStrictEqual(JSON.parse(body), {
    stdout: "out\n",
    stderr: "err\n",
    exit_code: 3,
  });
});

test("slicer exec: base64 is said in the answer, buffered or streamed", async () => {
  const query = "cmd=printf&args=h%C3%A9&stdio=base64";
  const buffered = await api.call(`POST ${EXEC}?${query}&buffered=1`);
  assertStrict(buffered.text, BUFFERED);
  const encoded = Buffer.from("hé").toString("base64");
  assert.partialDeepStrictEqual(JSON.parse(buffered.text), { stdout: encoded, encoding: "base64" });
  const streamed = await api.call(`POST ${EXEC}?${query}`);
  assert.partialDeepStrictEqual(framesIn(streamed.text)[1], {
    stdout: encoded,
    encoding: "base64",
  });
});

test("slicer exec: a megabyte of output arrives whole", async () => {
  const { text: body } = await api.call(`POST ${EXEC}?cmd=seq&args=150000`);
  const output = framesIn(body).map(({ stdout }) => stdout);
  const wanted = Array.from({ length: 150_000 }, (_, index) => `${index + 1}\n`).join("");
  assert.ok(output.join("") === wanted);
});

test("slicer exec: more than a buffered answer may hold is 400", async () => {
  const lines = Math.ceil(MAX_KEPT_OUTPUT_BYTES / 7);
  const { status, text: body } = await api.call(`POST ${EXEC}?cmd=seq&args=${lines}&buffered=true`);
  assert.equal(status, 400);
  assert.match(body, /more than 16 MiB/);
});

test("slicer exec: a body is standard input only when it is asked for", async () => {
  const body = "hello";
  const fed = await api.call(`POST ${EXEC}?cmd=cat&stdin=true`, { body });
  assert.equal(framesIn(fed.text)[1]?.stdout, "hello");
  const headers = { "content-type": "application/json" };
  const deaf = await api.call(`POST ${EXEC}?cmd=cat`, { headers, body });
  assert.deepEqual(
    framesIn(deaf.text).map(({ type }) => type),
    ["started", "exit"],
  );
});

test("slicer exec: input and output stream at the same time", async () => {
  await using it = streaming(`${EXEC}?cmd=cat&stdin=true`);
  assert.match(await it.next(), /"type":"started"/);
  for (const word of ["one", "two", "three"]) {
    it.write(word);
    const frame: Frame = JSON.parse(await it.next());
    assert.equal(frame.stdout, word);
  }
  it.end();
  const last: Frame = JSON.parse(await it.next());
  assert.deepEqual([last.type, last.exit_code], ["exit", 0]);
});

test("slicer exec: a command that ends before its input has its answer at once", async () => {
  await using it = streaming(`${EXEC}?cmd=false&stdin=true`);
  it.write("nobody reads this");
  await it.next();
  const last: Frame = JSON.parse(await it.next());
  assert.equal(last.exit_code, 1);
});

for (const query of ["cmd=sleep&args=600", "cmd=cat&stdin=true", "cmd=sleep&args=600&buffered=1"]) {
  test(`slicer exec: a client that leaves ends its command, silent as it is (${query})`, async () => {
    const it = streaming(`${EXEC}?${query}`);
    if (!query.includes("stdin")) it.end();
    await eventuallyAsync(async () => (await running()) === 1);
    await it[Symbol.asyncDispose]();
    await eventuallyAsync(async () => (await running()) === 0);
  });
}

test("slicer exec: a guest that goes in the middle ends the stream with an error frame", async () => {
  const other = await api.vm();
  await using it = streaming(`/vm/${other}/exec?cmd=sleep&args=600`);
  await it.next();
  api.host.boxOf(api.vms.get(other)).end({ kind: "crash", lastWords: "out of memory" });
  const last: Frame = JSON.parse(await it.next());
  assert.deepEqual([last.type, last.exit_code], ["exit", 1]);
  assert.match(last.error ?? "", /guest is gone|session/);
});

test("slicer exec: a guest that goes during a buffered command is 503", async () => {
  const other = await api.vm();
  const answer = api.call(`POST /vm/${other}/exec?cmd=sleep&args=600&buffered=true`);
  await eventually("it runs", () => asked.at(-1)?.program.kind === "argv");
  api.host.boxOf(api.vms.get(other)).end({ kind: "crash", lastWords: "out of memory" });
  const { status, text: body } = await answer;
  assert.equal(status, 503);
  assertStrict(body, shape({ error: filled, code: exactly("guest_unreachable") }));
});

/** @returns how many programs run in the guest */
async function running(): Promise<number> {
  const stats = await api.vms.get(hostname).contact?.current?.stats(never);
  return stats?.openFiles ?? 0;
}

async function eventuallyAsync(holds: () => Promise<boolean>): Promise<void> {
  const state = { holds: false };
  await eventually("it is so", () => {
    void holds().then((it) => (state.holds = it));
    return state.holds;
  });
}

/** One exec on a real connection; disposing it closes the connection. */
function streaming(path: string) {
  const [host = "", port = ""] = address.split(":");
  const call = request({ host, port: Number(port), path, method: "POST" });
  call.on("error", () => {}); // closed by the test
  call.flushHeaders();
  const lines = linesOf(call);
  return {
    next: async (): Promise<string> => {
      const { value } = await lines.next();
      return value ?? "";
    },
    write: (chunk: string) => void call.write(chunk),
    end: () => void call.end(),
    [Symbol.asyncDispose]: async () => void call.destroy(),
  };
}

async function* linesOf(call: ReturnType<typeof request>): AsyncGenerator<string, undefined> {
  const [response] = await once(call, "response");
  let rest = "";
  for await (const chunk of response) {
    const parts = `${rest}${chunk}`.split("\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
  return undefined;
}
