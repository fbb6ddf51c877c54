import assert from "node:assert/strict";
import { test } from "node:test";

import { capabilitiesIn, probeSev } from "./confidential-probe.ts";

const HEAD = `{"QMP": {"version": {}, "capabilities": []}}
{"return": {}, "id": "qmp_capabilities"}
`;

test("sev: where the encryption bit is comes from QEMU's capabilities", () => {
  const answer = { pdh: "", "cert-chain": "", cbitpos: 47, "reduced-phys-bits": 5 };
  const line = JSON.stringify({ return: answer, id: "query-sev-capabilities" });
  assert.deepEqual(capabilitiesIn(`${HEAD}${line}\r\n`), { cbitpos: 47, reducedPhysBits: 5 });
});

test("sev: QEMU's own reason against it is kept", () => {
  const error = { class: "GenericError", desc: "SEV is not enabled in KVM" };
  const line = JSON.stringify({ error, id: "query-sev-capabilities" });
  assert.equal(capabilitiesIn(HEAD + line), "QEMU says: SEV is not enabled in KVM.");
});

for (const said of ["", HEAD, `${HEAD}{"return":{"cbitpos":"47"},"id":"query-sev-capabilities"}`]) {
  test(`sev: ${said.length} characters without an answer are none`, () => {
    assert.match(JSON.stringify(capabilitiesIn(said)), /did not say/);
  });
}

test("sev: a QEMU that is not there gives a reason, not an error", async () => {
  const signal = new AbortController().signal;
  assert.match(
    JSON.stringify(await probeSev("qemu-of-nowhere", signal)),
    /not to be opened|not installed/,
  );
});
