/** A confidential machine as its owner works with it by AMD's own tool: sevctl makes the session, expects the measurement, seals the secret. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";

import { sevctlOf } from "../scripts/setup/test-tools.mjs";
import { diskSecretOf } from "../packages/daemon/src/core/aleph/confidential/secret-table.ts";
import { SimulatedSev } from "../packages/daemon/src/host/sev-simulated.ts";
import { runText } from "../packages/daemon/src/process/run.ts";
import { alephClientSuite } from "./harness/aleph-client.ts";
import { STATE } from "./harness/can-run.ts";
import { FIRMWARE, grubDisk, hexdumpIn } from "./parts/grub-disk.ts";
import { freshPlan, open } from "./parts/qemu-machines.ts";

const never = new AbortController().signal;

const VM = "de".repeat(32);
const PASSPHRASE_GUID = "736869e5-84f0-4973-92ec-06879ce3da0b";
const PASSPHRASE = "MY-LUKS-PASSPHRASE";

alephClientSuite("confidential machines and sevctl", () => {
  test("sevctl's session is taken, its measurement is ours, and its secret reaches the guest", async () => {
    const scratch = await mkdtemp(path.join(tmpdir(), "sevctl-"));
    after(() => rm(scratch, { recursive: true }));
    const sevctl = (...args: readonly string[]) =>
      runText({ file: sevctlOf(STATE), args, cwd: scratch }, never);
    const sev = await SimulatedSev.open({
      directory: path.join(scratch, "platform"),
      sessionDirectory: path.join(scratch, "sessions"),
    });

    await writeFile(path.join(scratch, "platform.cert"), await sev.certificates(never));
    await sevctl("session", "--name", "vm", "platform.cert", "1");
    const made = (name: string) => readFile(path.join(scratch, name), "utf8");
    const launch = { session: await made("vm_session.b64"), godh: await made("vm_godh.b64") };
    const order = { vmHash: VM, launch, policy: 1, firmwarePath: FIRMWARE };
    const confidential = await sev.planFor(order, never);

    const disk = await grubDisk(path.join(scratch, "guest"), 64);
    const root = { id: "root", path: disk, format: "raw", readOnly: false } as const;
    const plan = {
      ...(await freshPlan()),
      kernel: undefined,
      disks: [{ ...root, backing: undefined }],
      network: { mode: "none" },
      confidential,
    } as const;
    await using machine = await open().boot(plan, never);
    assert.ok(machine.confidential);
    const { info, launchMeasure } = await machine.confidential.measure(never);

    const platform = ["--api-major", String(info.apiMajor), "--api-minor", String(info.apiMinor)];
    const guest = ["--build-id", String(info.buildId), "--policy", "1", "--tik", "vm_tik.bin"];
    const measured = ["--firmware", FIRMWARE, "--launch-measure-blob", launchMeasure];
    const expected = await sevctl("measurement", "build", ...platform, ...guest, ...measured);
    assert.equal(expected.trim(), launchMeasure);

    await writeFile(path.join(scratch, "passphrase"), PASSPHRASE);
    const keys = ["--tik", "vm_tik.bin", "--tek", "vm_tek.bin"];
    const secret = [
      "--launch-measure-blob",
      launchMeasure,
      "--secret",
      `${PASSPHRASE_GUID}:passphrase`,
    ];
    await sevctl("secret", "build", ...keys, ...secret, "header.bin", "payload.bin");
    const packet = (name: string) => readFile(path.join(scratch, name), "base64");
    const sealed = {
      packetHeader: await packet("header.bin"),
      secret: await packet("payload.bin"),
    };
    assert.equal((await machine.confidential.inject(sealed, never)).running, true);

    assert.deepEqual(await machine.exited, { kind: "clean" });
    const shown = hexdumpIn(readFileSync(plan.consoleLogPath, "utf8"));
    assert.equal(diskSecretOf(shown), PASSPHRASE);
  });
});
