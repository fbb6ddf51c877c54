/** What every listener serves: Slicer's API, Alcove's own, the metrics of both, and the web console. */

import type { FastifyPluginAsync } from "fastify";

import type { Config } from "#config/config.ts";
import type { Log } from "#core/ports/log.ts";
import { linuxMeter } from "#host/linux-meter.ts";
import { linuxProcessMemory, noProcessMemory } from "#host/memory-of-process.ts";
import { consolePages } from "#http/console/surface.ts";
import { metrics, type MetricsParts } from "#http/metrics/surface.ts";
import { type NativeParts, native } from "#http/native/surface.ts";
import { openApi } from "#http/openapi.ts";
import type { SlicerParts } from "#http/slicer/parts.ts";
import { slicer } from "#http/slicer/surface.ts";

import { about } from "./about.ts";
import { openConsole } from "./console.ts";

export type Served = Omit<
  SlicerParts & NativeParts & MetricsParts,
  "about" | "goStats" | "version" | "gitCommit" | "memory" | "hostMeter"
>;

export async function surfaces(
  config: Config,
  served: Served,
  log: Log,
): Promise<readonly FastifyPluginAsync[]> {
  const us = await about();
  const hostMeter = linuxMeter(config.egressAdapter);
  const meters = metrics({ ...served, ...us, hostMeter }, log);
  const memory = config.hypervisor === "fake" ? noProcessMemory : linuxProcessMemory;
  const document = openApi(us.version, log);
  return [
    document.collecting,
    meters.counting,
    slicer({ ...served, about: us, goStats: config.slicerGoStats }, log),
    native({ ...served, memory, version: us.version }, log),
    meters.surface,
    document.surface,
    consolePages(await openConsole(log), log),
  ];
}
