/** The desk of a host's operator over a node whose VMs are only listed. */

import { OperatorDesk, type OperatorDeskDeps } from "#core/aleph/operator/operator-desk.ts";
import type { CpuFacts } from "#core/aleph/ports/node-hardware.ts";
import type { AlephAtHost } from "#http/native/aleph.ts";

import type { SurfaceWorld } from "./aleph-surface.ts";

const FACTS: CpuFacts = {
  architecture: "x86_64",
  vendor: "AuthenticAMD",
  features: ["sev"],
  count: 2,
  model: "A processor",
  frequencyHz: 2_000_000_000,
};
const GPU = {
  vendor: "A vendor",
  model: "A GPU",
  deviceName: "A GPU",
  deviceClass: "0302",
  pciHost: "01:00.0",
  deviceId: "10de:27b0",
  compatible: true,
} as const;

/** what nobody here measures */
const TOLD: Pick<OperatorDeskDeps, "report" | "checks"> = {
  report: {
    usage: async () => ({
      cpu: { count: 2, loadAverage: [0.5, 0.25, 0], minMHz: 0, maxMHz: 0 },
      memory: { totalKb: 1_000, availableKb: 500 },
      disk: { totalKb: 10_000, availableKb: 5_000 },
      periodStart: new Date(0),
      periodS: 60,
      properties: FACTS,
      gpus: [GPU],
      availableGpus: [],
    }),
    capability: async () => ({
      cpu: FACTS,
      memory: { sizeBytes: 1_000_000, type: "", clockHz: undefined },
    }),
  },
  checks: {
    host: async () => {
      const family = { egress: true, dns: true, domain: false, http: true };
      return { ipv4: family, ipv6: family, isWell: false };
    },
    ipv6: async () => ({ host: true, vm: true }),
    fastapi: async () => ({ results: { index: true }, isWell: true }),
  },
};

export function alephAtHost(
  { parts }: SurfaceWorld,
  different: Partial<OperatorDeskDeps> = {},
): AlephAtHost {
  const at = { port: () => 4020, loginFile: "/state/aleph/login_token" };
  const desk = new OperatorDesk({ ...parts, ...TOLD, ...at, ...different });
  return { desk, document: { openapi: "3.1.0" } };
}

/** Everybody is the operator: for tests of what answers look like. */
export function openToAll({ parts: { login } }: SurfaceWorld): OperatorDeskDeps["login"] {
  return { cookie: login.cookie, admits: (token) => login.admits(token), admitsCookie: () => true };
}
