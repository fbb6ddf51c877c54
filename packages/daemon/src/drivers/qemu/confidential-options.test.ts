import assert from "node:assert/strict";
import { test } from "node:test";

import type { ConfidentialPlan } from "#core/aleph/ports/confidential-backend.ts";

import { confidentialOptions } from "./confidential-options.ts";
import { LaunchFiles } from "./launch-files.ts";

const SEV: ConfidentialPlan = {
  kind: "sev",
  policy: 5,
  firmwarePath: "/firmware.fd",
  sessionPath: "/sessions/vm_session.b64",
  godhPath: "/sessions/vm_godh.b64",
  cbitpos: 51,
  reducedPhysBits: 1,
};

const SIMULATED: ConfidentialPlan = {
  kind: "simulated",
  policy: 1,
  firmwarePath: "/firmware.fd",
  secretDiskBytes: 4096,
  keysPath: "/sessions/keys.json",
};

function optionsOf(plan: ConfidentialPlan): { words: readonly string[]; files: LaunchFiles } {
  const files = new LaunchFiles();
  const words = confidentialOptions(plan, "/run/vm/sev-secret.img", files).flat();
  return { words, files };
}

test("confidential: processors stand still, a restart ends the machine, the firmware is the owner's flash", () => {
  for (const plan of [SEV, SIMULATED]) {
    const { words, files } = optionsOf(plan);
    assert.ok(words.includes("-S") && words.includes("-no-reboot"));
    assert.ok(words.includes("pflash0=firmware"));
    assert.ok(
      words.includes(
        '{"driver":"file","node-name":"firmware-file","filename":"/dev/fdset/3","read-only":true}',
      ),
    );
    assert.deepEqual(files.opened[0], { path: "/firmware.fd", access: "read", reopened: false });
  }
});

test("confidential: the processor is given the message's policy, the owner's session and the host's address bits", () => {
  const { words, files } = optionsOf(SEV);
  assert.ok(
    words.includes(
      "sev-guest,id=sev0,policy=0x5,cbitpos=51,reduced-phys-bits=1,dh-cert-file=/proc/self/fd/4,session-file=/proc/self/fd/5",
    ),
  );
  assert.ok(words.includes("confidential-guest-support=sev0"));
  assert.deepEqual(
    files.opened.map((file) => file.path),
    ["/firmware.fd", "/sessions/vm_godh.b64", "/sessions/vm_session.b64"],
  );
});

test("confidential: all 32 bits of a policy are passed on", () => {
  const { words } = optionsOf({ ...SEV, policy: 0xffff_ffff });
  assert.match(words.join(" "), /policy=0xffffffff,/);
});

test("confidential: without such a processor the guest has a read-only disk, and QEMU sees no keys", () => {
  const { words, files } = optionsOf(SIMULATED);
  assert.ok(words.includes("virtio-blk-pci,drive=secret,serial=sev-secret"));
  assert.ok(!words.some((word) => word.startsWith("sev-guest")));
  assert.deepEqual(files.opened, [
    { path: "/firmware.fd", access: "read", reopened: false },
    { path: "/run/vm/sev-secret.img", access: "read", reopened: false },
  ]);
});
