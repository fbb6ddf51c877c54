/** Which kinds of SEV the processor and the kernel of this host have, whether they are used or not. */

import { access, readFile } from "node:fs/promises";
import path from "node:path";

const PARAMETERS = "sys/module/kvm_amd/parameters";
const DEVICE = "dev/sev";

export type SevFeature = "sev" | "sev_es" | "sev_snp";

/** @param root where `sys` and `dev` are; in the order of the list */
export async function sevFeatures(root = "/"): Promise<readonly SevFeature[]> {
  const hasDevice = await access(path.join(root, DEVICE)).then(
    () => true,
    () => false,
  );
  const found: SevFeature[] = [];
  if (hasDevice && (await isOn(root, "sev"))) found.push("sev");
  if (hasDevice && (await isOn(root, "sev_es"))) found.push("sev_es");
  if (await isOn(root, "sev_snp")) found.push("sev_snp");
  return found;
}

async function isOn(root: string, feature: SevFeature): Promise<boolean> {
  const said = await readFile(path.join(root, PARAMETERS, feature), "utf8").catch(() => "");
  return said.trim() === "Y"; // no file: another processor, or an older kernel
}
