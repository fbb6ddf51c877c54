import assert from "node:assert/strict";
import { test } from "node:test";

import type { GuestExec, GuestLink, GuestProcess, ProcessEnd } from "#core/ports/guest-link.ts";
import type { BootPlan } from "#core/ports/machine.ts";

import { FakeDialer } from "./fake-agent.ts";
import { FAKE_ENDPOINT } from "./fake-hypervisor.ts";
import { type FakeBox, FakeWorld } from "./fake-world.ts";

const never = new AbortController().signal;

const PLAN: BootPlan = {
  vmId: "0123456789ab",
  vcpus: 2,
  memoryMiB: 128,
  kernel: { path: "/none", initramfsPath: undefined, args: [] },
  disks: [],
  network: { mode: "none" },
  runDir: "/none",
  consoleLogPath: "/none",
};

async function aGuest(): Promise<{ readonly box: FakeBox; readonly link: GuestLink }> {
  const world = new FakeWorld();
  const box = world.add(PLAN);
  const link = await new FakeDialer(world).dial(`${FAKE_ENDPOINT}${PLAN.vmId}`, never);
  return { box, link };
}

function anExec(overrides: Partial<GuestExec>): GuestExec {
  return {
    program: { kind: "argv", argv: ["true"] },
    env: [],
    cwd: undefined,
    user: "default",
    stdin: false,
    stdout: true,
    stderr: true,
    pty: undefined,
    ...overrides,
  };
}

function shell(command: string, ...args: string[]): GuestExec {
  return anExec({ program: { kind: "shell", shell: "/bin/sh", command, args } });
}

interface Outcome extends ProcessEnd {
  readonly stdout: string;
  readonly stderr: string;
}

async function outcomeOf(process: GuestProcess): Promise<Outcome> {
  const text = { stdout: "", stderr: "" };
  for await (const { stream, bytes } of process.output)
    text[stream] += Buffer.from(bytes).toString();
  return { ...text, ...(await process.ended) };
}

const COMMANDS: readonly [request: GuestExec, stdout: string, stderr: string, exitCode: number][] =
  [
    [anExec({ program: { kind: "argv", argv: ["/bin/false"] } }), "", "", 1],
    [anExec({ program: { kind: "argv", argv: ["echo", "a", "b"] } }), "a b\n", "", 0],
    [anExec({ program: { kind: "argv", argv: ["sh", "-c", "exit 7"] } }), "", "", 7],
    [anExec({ program: { kind: "auto", command: "pwd" }, cwd: "/tmp" }), "/tmp\n", "", 0],
    [anExec({ program: { kind: "auto", command: "echo $X" }, env: ["X=1=2"] }), "1=2\n", "", 0],
    [anExec({ program: { kind: "argv", argv: ["echo", "x"] }, stdout: false }), "", "", 0],
    [shell("echo out; echo err >&2; exit 3; echo never"), "out\n", "err\n", 3],
    [shell("false && echo no || echo 'a;  b'"), "a;  b\n", "", 0],
    [shell("echo", "one word", "two"), "one word two\n", "", 0],
    [shell("echo hi > f; echo there >> f; cat f"), "hi\nthere\n", "", 0],
    [shell("nonsense"), "", "sh: nonsense: not found\n", 127],
    [shell("echo a | cat"), "", "sh: this shell has no |\n", 2],
  ];

for (const [request, stdout, stderr, exitCode] of COMMANDS) {
  test(`fake agent: ${JSON.stringify(request.program)} ends with ${exitCode}`, async () => {
    const { link } = await aGuest();

    const outcome = await outcomeOf(await link.exec(request, never));

    assert.deepEqual(outcome, { stdout, stderr, exitCode, signal: undefined });
  });
}

test("fake agent: it says that it is fake", async () => {
  const { box, link } = await aGuest();

  const health = await link.health(never);

  assert.equal(link.agent.version, "fake");
  assert.equal(health.agentVersion, "fake");
  assert.equal(health.bootId, box.guest.bootId);
});

test("fake agent: input comes back out of cat", async () => {
  const { link } = await aGuest();
  const program = { kind: "argv", argv: ["cat"] } as const;
  const process = await link.exec(anExec({ program, stdin: true }), never);

  await process.write(Buffer.from("ping"), never);
  process.endInput();

  assert.equal((await outcomeOf(process)).stdout, "ping");
});

test("fake agent: unread output stops the program, and reading it lets it go on", async () => {
  const { link } = await aGuest();
  const process = await link.exec(shell("seq 1000000"), never);

  const { stdout, exitCode } = await outcomeOf(process);

  assert.equal(exitCode, 0);
  assert.equal(stdout.length, 6_888_896);
});

test("fake agent: a killed program says which signal it was", async () => {
  const { link } = await aGuest();
  const process = await link.exec(shell("sleep 60"), never);

  process.kill("TERM");

  assert.deepEqual(await process.ended, { exitCode: 143, signal: "TERM" });
});

test("fake agent: a cancelled program has no end", async () => {
  const { link } = await aGuest();
  const process = await link.exec(shell("sleep 60"), never);

  process.cancel();

  await assert.rejects(process.ended, { code: "guest_refused", details: { reason: "cancelled" } });
});

test("fake agent: a missing program and a missing directory are refused", async () => {
  const { link } = await aGuest();
  const refused = { code: "guest_refused", details: { reason: "not_found" } };

  await assert.rejects(
    link.exec(anExec({ program: { kind: "argv", argv: ["nope"] } }), never),
    refused,
  );
  await assert.rejects(link.exec(anExec({ cwd: "/nope" }), never), refused);
});

test("fake agent: a paused guest does not answer until it is resumed", async () => {
  const { box, link } = await aGuest();
  box.guest.pause();

  await assert.rejects(link.health(AbortSignal.timeout(20)), { name: "TimeoutError" });
  box.guest.resume();

  assert.equal((await link.health(never)).hostname, "localhost");
});

test("fake agent: a reboot and a power-off end the session, and only one ends the machine", async () => {
  const { box, link } = await aGuest();

  await link.power("reboot", never);
  assert.match((await link.closed).message, /rebooted/);
  assert.equal(box.gone, false);
  await assert.rejects(link.health(never), { name: "SessionLost" });

  box.guest.powerOff();
  assert.deepEqual(await box.exited, { kind: "clean" });
});

test("fake agent: a machine that goes takes running programs with it", async () => {
  const { box, link } = await aGuest();
  const process = await link.exec(shell("sleep 60"), never);

  box.end({ kind: "crash", lastWords: "gone" });

  await assert.rejects(outcomeOf(process), { name: "SessionLost" });
});

test("fake agent: a directory copied out as an archive can be copied in elsewhere", async () => {
  const { link } = await aGuest();
  await outcomeOf(await link.exec(shell("echo 1 > /root/d/a; echo 2 > /root/d/sub/b.o"), never));

  const source = await link.copyOut(
    { path: "~/d", format: "any", user: "default", exclude: ["*.o"] },
    never,
  );
  const copied = await link.copyIn(
    {
      path: "/tmp",
      format: "tar",
      user: "default",
      mode: undefined,
      placement: { kind: "cp", sourceName: source.name, contents: false },
      unpackedSizeBytes: undefined,
    },
    source.content,
    never,
  );

  assert.deepEqual(copied, { path: "/tmp/d", bytes: 2, files: 1, directories: 1, skipped: 0 });
  assert.equal((await outcomeOf(await link.exec(shell("cat /tmp/d/a"), never))).stdout, "1\n");
});

test("fake agent: userdata runs once", async () => {
  const { link } = await aGuest();
  const configuration = {
    hostname: "web-1",
    machineId: "0".repeat(32),
    network: undefined,
    time: new Date(),
    entropy: new Uint8Array(32),
    growRoot: false,
    sshKeys: [],
    userdata: "#!/bin/sh\necho once >> /tmp/log; exit 4",
  };

  assert.ok((await link.configure(configuration, never)).includes("userdata"));
  await link.configure(configuration, never);
  while (!(await link.health(never)).userdata.ran) await new Promise(setImmediate);
  await link.configure(configuration, never);

  const { hostname, userdata } = await link.health(never);
  assert.deepEqual(
    { hostname, userdata },
    { hostname: "web-1", userdata: { ran: true, exitCode: 4 } },
  );
  assert.equal((await outcomeOf(await link.exec(shell("cat /tmp/log"), never))).stdout, "once\n");
});
