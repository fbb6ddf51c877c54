/** What is said to QEMU of confidential machines, against one that answers by a script. */

import assert from "node:assert/strict";
import { readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";

import { formatKeys } from "#core/aleph/confidential/kept-keys.ts";
import { diskSecretOf } from "#core/aleph/confidential/secret-table.ts";
import { Refusal } from "#core/aleph/refusal.ts";

import { GuestOwner } from "../../testing/guest-owner.ts";
import { type QmpScript, ScriptedQmp } from "../../testing/scripted-qmp.ts";
import { tempDir } from "../../testing/temp-dir.ts";
import { confidentialDoor, SevDoor } from "./confidential-door.ts";
import {
  confidentialFiles,
  fillSecretDisk,
  secretDiskPath,
  writeRunFiles,
} from "./confidential-files.ts";
import { Qmp } from "./qmp.ts";

const never = new AbortController().signal;

const SEV_INFO = {
  enabled: true,
  "api-major": 1,
  "api-minor": 55,
  "build-id": 24,
  policy: 5,
  state: "launch-secret",
  handle: 3,
};

const RUNNING = { status: "running", singlestep: false, running: true };
const SEALED = { packetHeader: "aGVhZGVy", secret: "c2VjcmV0" };

function ignore(): void {
  // these tests are about commands
}

function refusal(desc: string): readonly object[] {
  return [{ error: { class: "GenericError", desc } }];
}

/** A processor that measures. */
const measuring: QmpScript = ({ execute }) => {
  if (execute === "query-sev") return [{ return: SEV_INFO }];
  if (execute === "query-sev-launch-measure") return [{ return: { data: "TUVBU1VSRQ==" } }];
  if (execute === "query-status") return [{ return: RUNNING }];
  if (execute === "cont") return [{ event: "RESUME" }, { return: {} }];
  return [{ return: {} }];
};

function without(command: string, desc: string): QmpScript {
  return (it) => (it.execute === command ? refusal(desc) : measuring(it));
}

async function connected(qemu: ScriptedQmp): Promise<Qmp> {
  return Qmp.connect(qemu.path, ignore, never);
}

test("sev: a measurement is what the processor says, and QEMU's word for its state", async () => {
  await using qemu = await ScriptedQmp.listen(measuring);
  using qmp = await connected(qemu);

  assert.deepEqual(await new SevDoor(qmp).measure(never), {
    info: {
      enabled: true,
      apiMajor: 1,
      apiMinor: 55,
      buildId: 24,
      policy: 5,
      state: "launch-secret",
      handle: 3,
    },
    launchMeasure: "TUVBU1VSRQ==",
  });
});

test("sev: the packet is passed on, the machine let go, and asked how it is; events come in between", async () => {
  await using qemu = await ScriptedQmp.listen(measuring);
  using qmp = await connected(qemu);

  assert.deepEqual(await new SevDoor(qmp).inject(SEALED, never), RUNNING);

  assert.deepEqual(qemu.commands, [
    {
      execute: "sev-inject-launch-secret",
      arguments: { "packet-header": "aGVhZGVy", secret: "c2VjcmV0" },
    },
    { execute: "cont", arguments: {} },
    { execute: "query-status", arguments: {} },
  ]);
});

test("sev: a packet that the processor refuses lets nothing run, and says why", async () => {
  const script = without("sev-inject-launch-secret", "SEV not enabled for guest");
  await using qemu = await ScriptedQmp.listen(script);
  using qmp = await connected(qemu);

  await assert.rejects(new SevDoor(qmp).inject(SEALED, never), (error) => {
    return Refusal.is(error, "failed") && error.message.includes("SEV not enabled for guest");
  });

  assert.deepEqual(
    qemu.commands.map((it) => it.execute),
    ["sev-inject-launch-secret"],
  );
});

test("sev: a machine without a measurement says so", async () => {
  const script = without("query-sev-launch-measure", "SEV launch measurement is not available");
  await using qemu = await ScriptedQmp.listen(script);
  using qmp = await connected(qemu);

  await assert.rejects(new SevDoor(qmp).measure(never), /measurement is not available/);
});

const HALF: readonly object[] = [
  {},
  { ...SEV_INFO, state: "asleep" },
  { ...SEV_INFO, "api-major": "1" },
];

for (const answer of HALF) {
  test(`sev: ${JSON.stringify(answer)} is no measurement`, async () => {
    await using qemu = await ScriptedQmp.listen((it) =>
      it.execute === "query-sev" ? [{ return: answer }] : measuring(it),
    );
    using qmp = await connected(qemu);

    await assert.rejects(new SevDoor(qmp).measure(never), /gave no measurement/);
  });
}

const OWNER = new GuestOwner();

/** A run directory as it is before QEMU starts. */
async function runDir(directory: string): Promise<string> {
  const keysPath = path.join(directory, "keys.json");
  const firmwarePath = path.join(directory, "firmware");
  await writeFile(keysPath, formatKeys(OWNER.keys));
  await writeFile(firmwarePath, "firmware");
  const files = await confidentialFiles({
    kind: "simulated",
    policy: 1,
    firmwarePath,
    secretDiskBytes: 4096,
    keysPath,
  });
  await writeRunFiles(directory, files);
  return directory;
}

/** A machine that stands still until it is let go. */
function standing(): QmpScript {
  let status = "prelaunch";
  return ({ execute }) => {
    if (execute === "cont") status = "running";
    const running = status === "running";
    return [{ return: execute === "query-status" ? { status, running } : {} }];
  };
}

test("simulated: the secret is on the disk before the machine goes on, and the launch is remembered", async () => {
  await using directory = await tempDir();
  const run = await runDir(directory.path);
  const seen: (string | undefined)[] = [];
  const script = standing();
  await using qemu = await ScriptedQmp.listen((it) => script(it));
  using qmp = await connected(qemu);
  const parts = { qmp, pid: process.pid, runDir: run };
  const door = await confidentialDoor(parts, never);
  assert.ok(door);
  const measured = await door.measure(never);
  const sealed = OWNER.seal("hunter2", measured.launchMeasure);

  seen.push(diskSecretOf(await readFile(secretDiskPath(run))));
  const status = await door.inject(sealed, never);
  seen.push(diskSecretOf(await readFile(secretDiskPath(run))));

  assert.deepEqual(status, { status: "running", singlestep: false, running: true });
  assert.deepEqual(seen, [undefined, "hunter2"]);
  assert.equal((await stat(secretDiskPath(run))).size, 4096);
  const next = await confidentialDoor(parts, never);
  assert.deepEqual(await next?.measure(never), {
    ...measured,
    info: { ...measured.info, state: "running" },
  });
  await assert.rejects(async () => next?.inject(sealed, never), /runs already/);
});

test("simulated: a packet that does not fit changes nothing, and the next daemon's machine takes the right one", async () => {
  await using directory = await tempDir();
  const run = await runDir(directory.path);
  const script = standing();
  await using qemu = await ScriptedQmp.listen((it) => script(it));
  using qmp = await connected(qemu);
  const parts = { qmp, pid: process.pid, runDir: run };
  const door = await confidentialDoor(parts, never);
  const measured = await door?.measure(never);
  assert.ok(door && measured);
  const liar = new GuestOwner().seal("hunter2", measured.launchMeasure);

  await assert.rejects(door.inject(liar, never), (error) => Refusal.is(error, "failed"));

  assert.ok(!qemu.commands.some((it) => it.execute === "cont"));
  assert.ok((await readFile(secretDiskPath(run))).every((byte) => byte === 0));
  const next = await confidentialDoor(parts, never);
  assert.deepEqual(await next?.measure(never), measured);
  await next?.inject(OWNER.seal("hunter2", measured.launchMeasure), never);
  assert.equal(diskSecretOf(await readFile(secretDiskPath(run))), "hunter2");
});

test("simulated: a machine that cannot go on gives the secret back, and may be asked again", async () => {
  await using directory = await tempDir();
  const run = await runDir(directory.path);
  const script = standing();
  let refusals = 1;
  await using qemu = await ScriptedQmp.listen((it) =>
    it.execute === "cont" && refusals-- > 0 ? refusal("Resetting the machine") : script(it),
  );
  using qmp = await connected(qemu);
  const door = await confidentialDoor({ qmp, pid: process.pid, runDir: run }, never);
  assert.ok(door);
  const { launchMeasure } = await door.measure(never);
  const sealed = OWNER.seal("hunter2", launchMeasure);

  await assert.rejects(door.inject(sealed, never), /Resetting/);

  assert.ok((await readFile(secretDiskPath(run))).every((byte) => byte === 0));
  assert.equal((await door.inject(sealed, never)).running, true);
});

test("simulated: a caller who leaves while the machine goes on leaves it its secret", async () => {
  await using directory = await tempDir();
  const run = await runDir(directory.path);
  const script = standing();
  const caller = new AbortController();
  await using qemu = await ScriptedQmp.listen((it) => {
    if (it.execute === "cont") caller.abort();
    return script(it);
  });
  using qmp = await connected(qemu);
  const door = await confidentialDoor({ qmp, pid: process.pid, runDir: run }, never);
  assert.ok(door);
  const { launchMeasure } = await door.measure(never);

  const status = await door.inject(OWNER.seal("hunter2", launchMeasure), caller.signal);

  assert.equal(status.running, true);
  assert.equal(diskSecretOf(await readFile(secretDiskPath(run))), "hunter2");
  assert.equal((await door.measure(never)).info.state, "running");
});

test("simulated: a daemon that died with the secret on the disk leaves a machine that takes it again", async () => {
  await using directory = await tempDir();
  const run = await runDir(directory.path);
  const script = standing();
  await using qemu = await ScriptedQmp.listen((it) => script(it));
  using qmp = await connected(qemu);
  await fillSecretDisk(run, Buffer.from("the table of another attempt"));

  const door = await confidentialDoor({ qmp, pid: process.pid, runDir: run }, never);
  assert.ok(door);
  const { info, launchMeasure } = await door.measure(never);
  assert.equal(info.state, "launch-secret");
  await door.inject(OWNER.seal("hunter2", launchMeasure), never);

  assert.equal(diskSecretOf(await readFile(secretDiskPath(run))), "hunter2");
});

test("simulated: a secret that is larger than its disk is refused, and nothing runs", async () => {
  await using directory = await tempDir();
  const run = await runDir(directory.path);
  await assert.rejects(fillSecretDisk(run, Buffer.alloc(4097)), /4096 bytes only/);
});

test("simulated: a daemon that died between the machine's going on and its note of it finds it running", async () => {
  await using directory = await tempDir();
  const run = await runDir(directory.path);
  await using qemu = await ScriptedQmp.listen(() => [{ return: RUNNING }]);
  using qmp = await connected(qemu);

  const door = await confidentialDoor({ qmp, pid: process.pid, runDir: run }, never);

  assert.equal((await door?.measure(never))?.info.state, "running");
});

test("simulated: keys and secret are the daemon's alone", async () => {
  await using directory = await tempDir();
  const run = await runDir(directory.path);
  for (const name of ["sev-secret.img", "sev-launch.json"]) {
    assert.equal((await stat(path.join(run, name))).mode & 0o777, 0o600);
  }
});

test("simulated: each machine has a measurement of its own", async () => {
  await using first = await tempDir();
  await using second = await tempDir();
  const launches = await Promise.all(
    [first, second].map(async ({ path: directory }) =>
      readFile(path.join(await runDir(directory), "sev-launch.json"), "utf8"),
    ),
  );
  assert.notEqual(JSON.parse(launches[0] ?? "").nonce, JSON.parse(launches[1] ?? "").nonce);
});

test("a machine that is not confidential has no door", async () => {
  await using directory = await tempDir();
  await using qemu = await ScriptedQmp.listen(measuring);
  using qmp = await connected(qemu);
  const parts = { qmp, pid: process.pid, runDir: directory.path };
  assert.equal(await confidentialDoor(parts, never), undefined);
});

test("a launch's file that is damaged is an error, not a machine without a door", async () => {
  await using directory = await tempDir();
  await writeFile(path.join(directory.path, "sev-launch.json"), '{"state":"running"}');
  await using qemu = await ScriptedQmp.listen(measuring);
  using qmp = await connected(qemu);
  const parts = { qmp, pid: process.pid, runDir: directory.path };
  await assert.rejects(confidentialDoor(parts, never), /is damaged/);
});
