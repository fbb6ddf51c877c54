/**
 * A machine that boots by itself: a PC with PCI, whose firmware (SeaBIOS) starts what the first disk holds. Pure.
 *
 * Its guests are somebody else's: they may have no agent of ours, and hear of a shutdown by the power button.
 */

import type { BootPlan, PciDevice } from "#core/ports/machine.ts";

import type { Option } from "./option.ts";

interface Processors {
  readonly accel: "kvm" | "tcg";
}

/** name of the port that QEMU's guest agent looks for in the guest */
const GUEST_AGENT_PORT = "org.qemu.guest_agent.0";

/** how many physical address bits a guest may count on that has a device of the host's, or whose memory is encrypted */
const LIMITED_CPU = "host,host-phys-bits-limit=0x28";

export function firmwareMachine(plan: BootPlan, { accel }: Processors): readonly Option[] {
  const { passthrough = [] } = plan;
  if (passthrough.length > 0 && accel === "tcg")
    throw new Error("Devices can be passed through to hardware-virtualised machines only");
  if (plan.confidential?.kind === "sev" && accel === "tcg")
    throw new Error("Memory can be encrypted for hardware-virtualised machines only");
  const isLimited = passthrough.length > 0 || plan.confidential?.kind === "sev";
  const host = isLimited ? LIMITED_CPU : "host";
  const processor: readonly Option[] =
    accel === "kvm"
      ? [
          ["-accel", "kvm"],
          ["-cpu", host],
        ]
      : // Whatever the guest's programs were built for: what is not emulated here is nowhere.
        [
          ["-accel", "tcg,tb-size=64"],
          ["-cpu", "max,+arat"],
        ];
  return [
    ...processor,
    ["-M", "q35"],
    // A core dump of QEMU must not hold what the guest had in its memory. The guest sees nothing of it.
    ["-machine", "dump-guest-core=off"],
    ["-smp", String(plan.vcpus)],
    ["-boot", "strict=on"],
  ];
}

/** What guests of others expect beside disks and network. */
export function firmwareExtras(plan: BootPlan, guestAgentSocket: string): readonly Option[] {
  const { passthrough = [], confidential } = plan;
  return [
    ["-chardev", `socket,id=qga,path=${guestAgentSocket},server=on,wait=off`],
    ["-device", `virtserialport,bus=serial0.0,chardev=qga,name=${GUEST_AGENT_PORT}`],
    // With a device of the host's, or encrypted, all memory is pinned, and nothing can be given back.
    ...(passthrough.length === 0 && !confidential
      ? ([["-device", "virtio-balloon-pci,free-page-reporting=on"]] satisfies Option[])
      : passthrough.map(passedThrough)),
  ];
}

function passedThrough({ address, isVga }: PciDevice): Option {
  if (!PCI_ADDRESS.test(address)) throw new Error(`"${address}" is no address on the PCI bus`);
  return ["-device", `vfio-pci,host=${address},rombar=0${isVga ? ",x-vga=on" : ""}`];
}

const PCI_ADDRESS = /^(?:[0-9a-f]{4}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/;
