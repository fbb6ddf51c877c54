/** What an Aleph node knows and shows of itself, and HAProxy in front of its VMs' domains. */

import path from "node:path";

import type { Config } from "#config/config.ts";
import type { Executions } from "#core/aleph/execution/executions.ts";
import { NodeChecks } from "#core/aleph/node/checks.ts";
import { diagnosticGuest } from "#core/aleph/node/diagnostic-guest.ts";
import { OperatorDesk } from "#core/aleph/operator/operator-desk.ts";
import { NodeReport } from "#core/aleph/node/node-report.ts";
import type { NodeHardware } from "#core/aleph/ports/node-hardware.ts";
import type { AlephSettings } from "#core/aleph/settings.ts";
import { systemClock } from "#core/ports/clock.ts";
import type { Log } from "#core/ports/log.ts";
import type { Vms } from "#core/vm/vms.ts";
import { hostConnectivity, programsAt } from "#host/node-connectivity.ts";
import { alephDocument } from "#http/aleph/document.ts";
import type { AlephParts } from "#http/aleph/parts.ts";
import type { AlephAtHost } from "#http/native/aleph.ts";
import type { LocalStore } from "#messages/local-store.ts";
import { domainNames } from "#proxy/domain-list.ts";
import { Haproxy } from "#proxy/haproxy.ts";

export interface NodeParts {
  readonly config: Config;
  readonly settings: AlephSettings;
  readonly version: string;
  readonly vms: Vms;
  readonly hardware: NodeHardware;
  readonly executions: Executions;
  readonly local: LocalStore;
  /** where the node listens, once it does */
  readonly port: () => number;
  readonly log: Log;
}

export function reportOf({ settings, version, hardware, executions }: NodeParts): NodeReport {
  return new NodeReport({
    hardware,
    settings,
    version,
    clock: systemClock,
    freeDiskBytes: () => executions.freeDiskBytes(),
    gpusInUse: () => executions.gpusInUse(),
  });
}

export function checksOf({ config, settings, version, vms, port }: NodeParts): NodeChecks {
  return new NodeChecks({
    settings,
    version,
    clock: systemClock,
    connectivity: hostConnectivity,
    programs: programsAt(() => urlOf(settings.listen.address, port())),
    guest: diagnosticGuest(vms, config.groups[0].name),
  });
}

/** What the host's own operator is shown of the node. @param port where it listens */
export async function atHostOf(parts: AlephParts, port: () => number): Promise<AlephAtHost> {
  const desk = new OperatorDesk({ ...parts, port, loginFile: loginFileOf(parts.settings) });
  return { desk, document: await alephDocument(parts) };
}

/** Where the operator finds the secret of this run; absolute. */
export function loginFileOf({ executionRoot }: AlephSettings): string {
  return path.join(executionRoot, "login_token");
}

/** How the node itself reaches its listener. */
function urlOf(address: string, port: number): string {
  const own = address === "0.0.0.0" || address === "::" ? "127.0.0.1" : address;
  return `http://${own.includes(":") ? `[${own}]` : own}:${port}`;
}

export async function openProxy(parts: NodeParts, signal: AbortSignal): Promise<Haproxy> {
  const { config, settings, executions, local, log } = parts;
  const { haproxy, domainName, extraDomains, listen } = settings;
  return Haproxy.open(
    {
      enabled: haproxy.enabled,
      plan: {
        directory: path.join(config.runtimeDir, "haproxy"),
        socket: haproxy.socket,
        ports: haproxy.ports,
        node: { address: listen.address, port: listen.port },
        user: process.getuid?.() === 0 ? HAPROXY_USER : undefined,
      },
      resyncIntervalS: haproxy.resyncIntervalS,
      nodeNames: new Set([domainName, ...extraDomains]),
      domains: domainNames({
        local: () => local.domains(),
        serviceUrl: haproxy.domainServiceUrl,
        nodeName: domainName,
      }),
      addressOf: (vmHash) => {
        const view = executions.find(vmHash);
        return view?.running === true ? view.record.network.ipv4.guest : undefined;
      },
      log,
    },
    signal,
  );
}

/** as Debian's package makes it */
const HAPROXY_USER = "haproxy";
