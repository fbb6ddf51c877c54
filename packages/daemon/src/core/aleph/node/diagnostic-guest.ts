/** Looks at the world from within a VM of this host: one is made for that, and is gone afterwards. */

import { within } from "#lib/patience.ts";

import { agentOf } from "../../exec/guest-work.ts";
import { runToEnd } from "../../exec/run.ts";
import type { GuestExec } from "../../ports/guest-link.ts";
import { becomesReady } from "../../vm/readiness.ts";
import type { VmRequest } from "../../vm/spec.ts";
import type { Vms } from "../../vm/vms.ts";
import type { DiagnosticGuest } from "../ports/connectivity.ts";

/** until its agent answers, in `ms` */
const READY_MS = 20_000;
const ANSWER_S = 5;

/** @param group the host group whose usual VM it is; its image has to have `curl` */
export function diagnosticGuest(vms: Vms, group: string): DiagnosticGuest {
  return {
    async answersOverIpv6(url, signal) {
      const vm = await vms.create(group, REQUEST, signal);
      try {
        await becomesReady(vms, vm, "agent", within(READY_MS, signal));
        const link = await agentOf(vm, signal);
        const { end } = await runToEnd(await link.exec(askFor(url), signal), signal);
        return end.exitCode === 0;
      } finally {
        await vms.delete(vm);
      }
    },
  };
}

const REQUEST: VmRequest = {
  vcpus: undefined,
  memoryBytes: undefined,
  gpuCount: undefined,
  image: undefined,
  kind: "sandbox",
  hostname: undefined,
  tags: ["diagnostic"],
  sshKeys: [],
  userdata: undefined,
  importKeysOf: undefined,
  secrets: [],
  network: undefined,
  address: undefined,
};

/** Not a ping: networks of guests may let connections through and nothing else. What answers is nobody's concern. */
function askFor(url: string): GuestExec {
  const quietly = ["--silent", "--output", "/dev/null", "--insecure"];
  const argv = ["curl", "-6", ...quietly, "--max-time", String(ANSWER_S), "--", url];
  return {
    program: { kind: "argv", argv },
    env: [],
    cwd: undefined,
    user: { uid: 0, gid: 0 },
    stdin: false,
    stdout: true,
    stderr: true,
    pty: undefined,
  };
}
