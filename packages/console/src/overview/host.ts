/** The host in words. */

import type { client } from "../app/client.ts";

export type Host = Awaited<ReturnType<typeof client.host.state>>;

interface Wall {
  /** a word or two */
  readonly name: string;
  /** what it means, in a sentence */
  readonly meaning: string;
}

const WALLS: Readonly<Record<Host["isolation"], Wall>> = {
  hardware: {
    name: "by hardware",
    meaning: "Each guest is a virtual machine that the processor keeps in.",
  },
  emulated: {
    name: "emulated",
    meaning:
      "A guest's instructions are translated by QEMU, which keeps it in; it is several times slower than by hardware.",
  },
  none: { name: "none", meaning: "Nothing real runs here." },
};

export function wallOf({ isolation }: Pick<Host, "isolation">): Wall {
  return WALLS[isolation];
}

const ACCELERATORS: Readonly<Record<Host["accelerator"], string>> = {
  kvm: "KVM",
  tcg: "None: emulation (TCG)",
  none: "None",
};

export function acceleratorOf({ accelerator }: Pick<Host, "accelerator">): string {
  return ACCELERATORS[accelerator];
}

export function templatesOf({ templates }: Pick<Host, "templates">): string {
  const { enabled, ready, underWay } = templates;
  if (!enabled) return "Off: every VM boots";
  const building = underWay > 0 ? `, ${underWay} being built` : "";
  return `${ready} ready${building}`;
}

/** `undefined`: no group has a pool */
export function poolsOf({ pools }: Pick<Host, "pools">): string | undefined {
  const { size, waiting, making } = pools;
  if (size === 0) return undefined;
  return `${waiting} of ${size} wait${making > 0 ? `, ${making} being made` : ""}`;
}

/** "QEMU 7.2.22" of what its program says of itself, which is longer. */
export function hypervisorOf(host: Pick<Host, "hypervisor" | "hypervisorVersion">): string {
  const number = /version (\d[\d.]*)/.exec(host.hypervisorVersion ?? "")?.[1];
  const name = host.hypervisor === "qemu" ? "QEMU" : host.hypervisor;
  return number === undefined ? name : `${name} ${number}`;
}
