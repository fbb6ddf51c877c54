/** The host's meters: a newly measured row joins the columns, and what is older than an hour leaves them. */

import type { HostEvent, HostMeters } from "@alcove/sdk/browser/index.ts";
import type { CamelKeys } from "@alcove/sdk/browser/index.ts";

type Meters = CamelKeys<HostMeters>;
type Sample = Extract<HostEvent, { kind: "host" }>["data"];

const KEPT_MS = 3_600_000;

/** @returns what makes the meters with the sample of those without; unknown ones stay unknown */
export function withSample(sample: Sample): (known: Meters | undefined) => Meters | undefined {
  return (known) => {
    if (!known || (known.samples.at.at(-1) ?? 0) >= sample.at) return known;
    const { samples } = known;
    const first = samples.at.findIndex((at) => at > sample.at - KEPT_MS);
    const from = first < 0 ? samples.at.length : first;
    const joined = <T>(column: readonly T[], value: T) => [...column.slice(from), value];
    return {
      ...known,
      samples: {
        at: joined(samples.at, sample.at),
        cpu: joined(samples.cpu, sample.cpu),
        memoryUsed: joined(samples.memoryUsed, sample.memoryUsed),
        memoryTotal: joined(samples.memoryTotal, sample.memoryTotal),
        diskUsed: joined(samples.diskUsed, sample.diskUsed),
        diskTotal: joined(samples.diskTotal, sample.diskTotal),
        netIn: joined(samples.netIn, sample.netIn),
        netOut: joined(samples.netOut, sample.netOut),
        load: joined(samples.load, sample.load),
      },
    };
  };
}
