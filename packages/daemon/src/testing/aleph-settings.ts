/** An Aleph node's settings as nobody has changed them, read as the daemon reads them. */

import { readAleph } from "#config/aleph-settings.ts";
import { SettingsReader } from "#config/settings-reader.ts";
import type { AlephSettings } from "#core/aleph/settings.ts";

/** @param env `ALEPH_VM_…` variables */
export function alephSettings(env: Readonly<Record<string, string>> = {}): AlephSettings {
  const given = { ALCOVE_ALEPH: "on", ...env };
  const homes = { stateDir: "/nonexistent/state", runtimeDir: "/nonexistent/run" };
  const { settings, problems } = readAleph(new SettingsReader(given, new Set()), given, homes);
  if (settings && problems.length === 0) return settings;
  throw new Error(`These settings are none: ${problems.join("; ")}`);
}
