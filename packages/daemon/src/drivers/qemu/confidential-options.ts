/**
 * What makes a machine a confidential one, on a QEMU command line. Pure.
 *
 * Its firmware is the owner's, as flash memory that cannot be written to; its processors stand still until they are
 * told to go on; and it ends when the guest restarts, because a restart would be a launch that nobody has measured.
 */

import type { ConfidentialPlan } from "#core/aleph/ports/confidential-backend.ts";

import type { LaunchFiles } from "./launch-files.ts";
import type { Option } from "./option.ts";

type SevPlan = Extract<ConfidentialPlan, { kind: "sev" }>;

/** by what a guest finds the disk that its secret is on, where no processor puts it into its memory */
export const SECRET_SERIAL = "sev-secret";

/** what QEMU calls the object that measures; also how a running one is recognised */
export const SEV_OBJECT = "sev-guest";

const ID = "sev0";

/** to be put behind the machine's other disks. @param secretDisk where the disk of a simulated one will be */
export function confidentialOptions(
  plan: ConfidentialPlan,
  secretDisk: string,
  files: LaunchFiles,
): readonly Option[] {
  return [
    ["-S"],
    ["-no-reboot"],
    ...flashOptions(files.inSet(plan.firmwarePath, "read")),
    ...(plan.kind === "sev"
      ? sevOptions(plan, files)
      : secretOptions(files.inSet(secretDisk, "read"))),
  ];
}

function flashOptions(file: string): readonly Option[] {
  return [...diskOf("firmware", file), ["-machine", "pflash0=firmware"]];
}

function sevOptions(plan: SevPlan, files: LaunchFiles): readonly Option[] {
  const { policy, cbitpos, reducedPhysBits, godhPath, sessionPath } = plan;
  const object = [
    SEV_OBJECT,
    `id=${ID}`,
    `policy=0x${policy.toString(16)}`,
    `cbitpos=${cbitpos}`,
    `reduced-phys-bits=${reducedPhysBits}`,
    `dh-cert-file=${files.reopened(godhPath)}`,
    `session-file=${files.reopened(sessionPath)}`,
  ];
  return [
    ["-object", object.join(",")],
    ["-machine", `confidential-guest-support=${ID}`],
  ];
}

function secretOptions(file: string): readonly Option[] {
  return [
    ...diskOf("secret", file),
    ["-device", `virtio-blk-pci,drive=secret,serial=${SECRET_SERIAL}`],
  ];
}

function diskOf(name: string, filename: string): readonly Option[] {
  const file = { driver: "file", "node-name": `${name}-file`, filename, "read-only": true };
  const raw = { driver: "raw", "node-name": name, file: `${name}-file`, "read-only": true };
  return [
    ["-blockdev", JSON.stringify(file)],
    ["-blockdev", JSON.stringify(raw)],
  ];
}
