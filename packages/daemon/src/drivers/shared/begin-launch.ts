/** Begins the launch of a confidential machine that no processor measures. */

import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";

import { parseKeys } from "#core/aleph/confidential/kept-keys.ts";
import { launchDigest, NONCE_BYTES } from "#core/aleph/confidential/measurement.ts";
import { SimulatedLaunch } from "#core/aleph/confidential/simulated-launch.ts";
import type { ConfidentialPlan } from "#core/aleph/ports/confidential-backend.ts";

/**
 * The firmware is measured as it is now, and each launch apart from all others.
 * @returns `undefined` for a machine that has no such launch
 */
export async function beginLaunch(
  plan: ConfidentialPlan | undefined,
): Promise<SimulatedLaunch | undefined> {
  if (plan?.kind !== "simulated") return undefined;
  const keys = parseKeys(await readFile(plan.keysPath, "utf8"));
  const digest = launchDigest(await readFile(plan.firmwarePath));
  const nonce = randomBytes(NONCE_BYTES);
  return SimulatedLaunch.begin(keys, { policy: plan.policy, digest, nonce });
}
