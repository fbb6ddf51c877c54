/** What measures confidential guests on this host: its processor, or a program that plays it. */

import type { Config } from "#config/config.ts";
import type { ConfidentialBackend } from "#core/aleph/ports/confidential-backend.ts";
import type { ConfidentialSettings } from "#core/aleph/settings.ts";
import type { Log } from "#core/ports/log.ts";
import { probeSev } from "#drivers/qemu/confidential-probe.ts";
import { HardwareSev } from "#host/sev-hardware.ts";
import { SimulatedSev } from "#host/sev-simulated.ts";
import { StartRefused } from "#lib/start-refused.ts";

/**
 * @returns `undefined` where none is wanted: confidential instances are refused then
 * @throws StartRefused where the processor's is wanted and the host has none
 */
export async function confidentialBackend(
  settings: ConfidentialSettings,
  { qemuBinary }: Pick<Config, "qemuBinary">,
  log: Log,
  signal: AbortSignal,
): Promise<ConfidentialBackend | undefined> {
  if (settings.backend === "off") return undefined;
  if (settings.backend === "simulated") {
    const reason = "Confidential instances are simulated: nobody is protected from anything";
    log.warn("aleph.confidential.simulated", { reason });
    return await SimulatedSev.open(settings);
  }
  const bits = await probeSev(qemuBinary, signal);
  if (typeof bits !== "string") return new HardwareSev({ ...settings, bits });
  throw new StartRefused(
    `ALEPH_VM_ENABLE_CONFIDENTIAL_COMPUTING is on, and this host cannot do it: ${bits} Turn it off, or set ALEPH_VM_CONFIDENTIAL_BACKEND=simulated for development`,
  );
}
