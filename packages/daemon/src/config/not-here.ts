/**
 * Keys of Slicer's configuration that Alcove knows and cannot serve.
 *
 * One that is harmless to leave undone is a warning; where the operator would get something else than
 * was asked for, it stops the daemon.
 */

import type { MapReader } from "./map-reader.ts";

type Verdict = readonly [weight: "stops" | "warns", why: string];

const IN_FILE: Readonly<Record<string, Verdict>> = {
  kernel_image: ["stops", "names a kernel in a registry: VMs boot the kernel of their image"],
  kernel_file: ["stops", "names a kernel: VMs boot the kernel of their image"],
  insecure_registry: ["warns", "does nothing: Alcove pulls no images from registries"],
  network_name: [
    "warns",
    "names a CNI network, which Alcove does not use: groups without a network block get user-mode networks",
  ],
  pci: ["stops", "passes devices through to VMs, which Alcove does not do"],
};

const IN_GROUP: Readonly<Record<string, Verdict>> = {
  share_home: [
    "stops",
    "shares a directory with guests, which Alcove does not do: copy with `alcove cp`",
  ],
  rosetta: ["warns", "does nothing: it is for Slicer on a Mac"],
  sleep_action: ["warns", "does nothing: it is for Slicer on a Mac"],
};

export function refuseInFile(file: MapReader): void {
  judge(file, IN_FILE);
  const ssh = file.map("ssh");
  const port = ssh?.integer("port", [0, 65_535]);
  ssh?.text("bind_address");
  ssh?.finish();
  if (port)
    ssh?.warning("port", "opens nothing: Alcove has no console over SSH; use `alcove vm shell`");
}

export function refuseInGroup(group: MapReader): void {
  judge(group, IN_GROUP);
  if (group.integer("gpu_count", [0, 64])) {
    group.problem("gpu_count", "asks for GPUs, and Alcove passes none through: set it to 0");
  }
  const ca = group.map("ca");
  const wanted = ca?.boolean("generate") === true || ca?.isGiven("files") === true;
  if (wanted)
    group.problem(
      "ca",
      "makes guests trust certificates, which Alcove does not do: put them into the image or install them with userdata",
    );
  ca?.finish();
  // The disk of a declared VM is kept either way; what this key would change is read all the same.
  group.boolean("persistent");
}

/** A key that says nothing, or no, asks for nothing. */
function judge(block: MapReader, verdicts: Readonly<Record<string, Verdict>>): void {
  for (const [key, [weight, why]] of Object.entries(verdicts)) {
    if (!block.isGiven(key) || block.saysNo(key)) continue;
    if (weight === "stops") block.problem(key, why);
    else block.warning(key, why);
  }
}
