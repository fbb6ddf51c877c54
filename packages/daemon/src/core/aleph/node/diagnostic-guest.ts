/** Looks at the world from within a VM of this host: one is made for that, and is gone afterwards. */

import { agentOf } from "../../exec/guest-work.ts";
import { runToEnd } from "../../exec/run.ts";
import type { GuestExec } from "../../ports/guest-link.ts";
import { launch } from "../../vm/launch.ts";
import type { VmRequest } from "../../vm/spec.ts";
import type { Vms } from "../../vm/vms.ts";
import type { DiagnosticGuest } from "../ports/connectivity.ts";

/** until its agent answers, in `ms` */
const READY_MS = 25_000;
const PING_WAIT_S = 2;

/** @param group the host group whose usual VM it is; its image has to have `ping` */
export function diagnosticGuest(vms: Vms, group: string): DiagnosticGuest {
  return {
    async reachesIpv6(address, signal) {
      const wait = { until: "agent", timeoutMs: READY_MS } as const;
      const vm = await launch(vms, { group, request: REQUEST, wait }, signal);
      try {
        const link = await agentOf(vm, signal);
        const ping = await link.exec(pingOf(address), signal);
        const { end } = await runToEnd(ping, signal);
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

function pingOf(address: string): GuestExec {
  const argv = ["ping", "-6", "-n", "-c", "1", "-W", String(PING_WAIT_S), address];
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
