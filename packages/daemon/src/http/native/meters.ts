/** What was used over the last hour, by the host and by each VM. */

import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Type } from "typebox";

import { HostMeters, MeterQuery, VmMeters } from "@alcove/api";
import type { HostColumn } from "#core/meters/host-meters.ts";
import type { Meters } from "#core/meters/meters.ts";
import type { Samples } from "#core/meters/sample-ring.ts";
import type { VmColumn } from "#core/meters/vm-meter.ts";
import type { Vms } from "#core/vm/vms.ts";

export interface MeterParts {
  readonly meters: Meters;
  readonly vms: Vms;
}

type Value = number | null;

export const meterRoutes: FastifyPluginAsyncTypebox<MeterParts> = async (app, parts) => {
  const { meters, vms } = parts;
  const host = {
    schema: { querystring: MeterQuery, response: { 200: HostMeters } },
    config: { access: "host:read" },
  } as const;
  app.get("/host/meters", host, async ({ query }) => ({
    interval_ms: meters.host.intervalMs,
    samples: hostColumns(meters.host.after(Number(query.after ?? 0))),
  }));

  const one = {
    schema: {
      params: Type.Object({ hostname: Type.String() }),
      querystring: MeterQuery,
      response: { 200: VmMeters },
    },
    config: { access: "vm:read" },
  } as const;
  app.get("/vms/:hostname/meters", one, async ({ params, query }) => ({
    interval_ms: meters.vms.intervalMs,
    samples: vmColumns(meters.vms.of(vms.get(params.hostname), Number(query.after ?? 0))),
  }));
};

function hostColumns(samples: Samples<HostColumn>): HostMeters["samples"] {
  return { ...commonColumns(samples), load: samples.column("load").map(share) };
}

function vmColumns(samples: Samples<VmColumn>): VmMeters["samples"] {
  return {
    ...commonColumns(samples),
    disk_read: samples.column("diskRead").map(whole),
    disk_write: samples.column("diskWrite").map(whole),
  };
}

function commonColumns(
  samples: Samples<HostColumn & VmColumn>,
): Omit<HostMeters["samples"], "load"> {
  const bytes = (name: HostColumn & VmColumn): Value[] => samples.column(name).map(whole);
  return {
    at: [...samples.at],
    cpu: samples.column("cpu").map(share),
    memory_used: bytes("memoryUsed"),
    memory_total: bytes("memoryTotal"),
    disk_used: bytes("diskUsed"),
    disk_total: bytes("diskTotal"),
    net_in: bytes("netIn"),
    net_out: bytes("netOut"),
  };
}

/** Digits that no chart shows are not sent. */
function share(value: number | undefined): Value {
  return value === undefined ? null : Math.round(value * 10_000) / 10_000;
}

function whole(value: number | undefined): Value {
  return value === undefined ? null : Math.round(value);
}
