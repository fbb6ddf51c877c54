/**
 * From a boot plan to a QEMU command line. Pure: nothing is opened or started here.
 *
 * QEMU runs as a user that can open nothing of ours by path. So every file in the plan becomes a
 * `FileToOpen`, which the daemon opens and hands over as descriptor 3, 4, …; the arguments name
 * descriptors only. Sockets are named relative to the working directory, for the same reason.
 *
 * With a kernel the machine is microvm with ACPI: virtio-mmio devices, no PCI, no firmware worth mentioning, and
 * still a power-off that ends the process. Without one it is a PC whose firmware boots the first disk
 * (`firmware-machine.ts`).
 */

import type { ConfidentialPlan } from "#core/aleph/ports/confidential-backend.ts";
import type { GuestReboot } from "#core/ports/hypervisor.ts";
import type { BootPlan, DiskPlan, KernelPlan } from "#core/ports/machine.ts";

import { secretDiskPath } from "./confidential-files.ts";
import { confidentialOptions } from "./confidential-options.ts";
import { diskNodes } from "./disk-nodes.ts";
import { firmwareExtras, firmwareMachine } from "./firmware-machine.ts";
import { type FileToOpen, LaunchFiles } from "./launch-files.ts";
import { networkOptions, tapOf, type TapToOpen } from "./network-options.ts";
import type { Option } from "./option.ts";

export interface QemuHost {
  readonly accel: "kvm" | "tcg";
  /** frequency of the host's time stamp counter, which an emulated guest sees as its own */
  readonly tscKhz: number;
  /** whether guests place programs at random addresses; "auto": not when emulated, see docs/decisions/0006 */
  readonly guestAslr: "auto" | "on" | "off";
  /** QEMU can do both */
  readonly guestReboot: GuestReboot;
}

export interface QemuLaunch {
  readonly args: readonly string[];
  /** to be handed over as descriptors from `FIRST_FD` on, in this order */
  readonly files: readonly FileToOpen[];
  /** to be handed over as the descriptor after the last file; `undefined` without one */
  readonly tap: TapToOpen | undefined;
  /** what its run directory has to hold before QEMU starts */
  readonly confidential?: ConfidentialPlan | undefined;
}

/** names of the sockets that QEMU makes in its working directory */
export const SOCKETS = {
  qmp: "qmp.sock",
  agent: "agent.sock",
  console: "console.sock",
  /** of QEMU's own guest agent: only in machines with firmware, whose guests may bring it */
  guestAgent: "qga.sock",
  /** there only while a state is written or read */
  state: "state.sock",
} as const;

/** name of the virtio-serial port that the agent looks for in the guest */
export const AGENT_PORT = "alcove.agent";

/** what microvm calls its memory when nobody names it */
const MEMORY = "microvm.ram";

/** virtio-mmio slots of microvm with ACPI and its second IOAPIC, less network, serial and rng; a PC has a few more */
export const MAX_DISKS = 21;

/** what the kernel keeps of its command line, with the final zero (COMMAND_LINE_SIZE on x86) */
export const MAX_COMMAND_LINE_BYTES = 2048;

/** everything that can be forbidden to QEMU; children and privileges are never needed again */
const SANDBOX = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny";

/** Where a guest's memory is: the process's own, or a file that others map, too. */
export type MemoryPlan =
  | { readonly kind: "own" }
  /** `share`: what the guest writes is in the file; otherwise it is the process's own from the first write on */
  | { readonly kind: "file"; readonly path: string; readonly share: boolean };

const OWN_MEMORY: MemoryPlan = { kind: "own" };

export function qemuLaunch(plan: BootPlan, host: QemuHost, memory = OWN_MEMORY): QemuLaunch {
  const files = new LaunchFiles();
  const { confidential } = plan;
  const name = escaped(processName(plan.vmId));
  const options: Option[] = [
    ["-name", `guest=${name},process=${name}`],
    ["-nodefaults"],
    ["-no-user-config"],
    ["-display", "none"],
    ["-sandbox", SANDBOX],
    ...(host.guestReboot === "ends" ? ([["-no-reboot"]] satisfies Option[]) : []),
    ...(plan.kernel ? microvmOptions(plan, host) : firmwareMachine(plan, host)),
    ...memoryOptions(plan, memory, files),
    ...(plan.kernel ? kernelOptions(plan.kernel, host, files) : []),
    ...diskOptions(plan, files),
    ...(confidential ? confidentialOptions(confidential, secretDiskPath(plan.runDir), files) : []),
    ...consoleOptions(plan, files),
    ...networkOptions(plan.network, files.next, busOf(plan)),
    ...agentOptions(plan),
    ["-object", "rng-random,id=rng0,filename=/dev/urandom"],
    ["-device", `virtio-rng-${busOf(plan)},rng=rng0`],
    ...(plan.kernel ? [] : firmwareExtras(plan, SOCKETS.guestAgent)),
    ["-qmp", `unix:${SOCKETS.qmp},server=on,wait=off`],
  ];
  const tap = tapOf(plan.network, files.next);
  return { args: [...options, ...files.sets].flat(), files: files.opened, tap, confidential };
}

/** What virtio devices are called, by how the machine finds them. */
function busOf({ kernel }: BootPlan): "device" | "pci" {
  return kernel ? "device" : "pci";
}

/** also what `ps` shows, cut to 15 characters by the kernel */
export function processName(vmId: string): string {
  return `alcove-${vmId}`;
}

function microvmOptions(plan: BootPlan, host: QemuHost): Option[] {
  const common: Option[] = [
    ["-M", "microvm,acpi=on"],
    // A core dump of QEMU must not hold what the guest had in its memory. The guest sees nothing of it.
    ["-machine", "dump-guest-core=off"],
    ["-smp", String(plan.vcpus)],
  ];
  if (host.accel === "kvm") return [["-accel", "kvm"], ["-cpu", "host"], ...common];
  // Without arat the guest believes that its timer stops in idle and ticks for ever: 3-5 % of a core.
  return [["-accel", "tcg,tb-size=32"], ["-cpu", "qemu64,+arat"], ...common];
}

/**
 * The one place where a guest's memory gets its backing. Its name is the same for every kind, so that a
 * state of one is taken by the other.
 */
function memoryOptions({ memoryMiB }: BootPlan, memory: MemoryPlan, files: LaunchFiles): Option[] {
  const size: Option = ["-m", `${memoryMiB}M`];
  if (memory.kind === "own") return [size];
  const share = memory.share ? "on" : "off";
  const file = `mem-path=${files.reopened(memory.path)},share=${share}`;
  return [
    size,
    ["-object", `memory-backend-file,id=${MEMORY},size=${memoryMiB}M,${file}`],
    // An option of its own: the machine's kind is compared between states, this is not.
    ["-machine", `memory-backend=${MEMORY}`],
  ];
}

function kernelOptions(
  { path, initramfsPath, args }: KernelPlan,
  host: QemuHost,
  files: LaunchFiles,
): Option[] {
  const options: Option[] = [
    ["-kernel", files.reopened(path)],
    ["-append", kernelCommandLine(args, host)],
  ];
  if (initramfsPath !== undefined) options.push(["-initrd", files.reopened(initramfsPath)]);
  return options;
}

/** The driver's own part, then the image's, which may override it. */
export function kernelCommandLine(imageArgs: readonly string[], host: QemuHost): string {
  const common = [
    "console=ttyS0",
    "quiet",
    "panic=-1",
    "cryptomgr.notests",
    "rcupdate.rcu_expedited=1",
  ];
  // An emulated processor does not speculate, so the mitigations only cost. And microvm has no
  // timer to calibrate the counter by: without its frequency the kernel sometimes hangs at boot.
  const emulated = ["mitigations=off", `tsc_early_khz=${host.tscKhz}`, "tsc=reliable"];
  const aslrOff = host.guestAslr === "off" || (host.guestAslr === "auto" && host.accel === "tcg");
  const words = [
    ...common,
    ...(host.accel === "tcg" ? emulated : []),
    ...(aslrOff ? ["norandmaps"] : []),
    ...imageArgs,
  ];
  const line = words.join(" ");
  if (Buffer.byteLength(line) >= MAX_COMMAND_LINE_BYTES) {
    throw new Error(`The kernel command line is longer than ${MAX_COMMAND_LINE_BYTES - 1} bytes`);
  }
  return line;
}

function diskOptions(plan: BootPlan, files: LaunchFiles): Option[] {
  if (plan.disks.length > MAX_DISKS) {
    throw new Error(`The QEMU driver can attach ${MAX_DISKS} disks, not ${plan.disks.length}`);
  }
  const bus = busOf(plan);
  return plan.disks.flatMap((disk, index) => [
    ...diskNodes(disk, (path, access) => files.inSet(path, access)).map(
      (node) => ["-blockdev", JSON.stringify(node)] as const,
    ),
    [
      "-device",
      `virtio-blk-${bus},drive=${disk.id},id=${diskDevice(disk.id)}${serial(disk)}${bootIndex(plan, index)}`,
    ] as const,
  ]);
}

/** what the device is called that the guest has a disk by */
export function diskDevice(diskId: string): string {
  return `${diskId}-device`;
}

function serial(disk: DiskPlan): string {
  return disk.serial === undefined ? "" : `,serial=${escaped(disk.serial)}`;
}

/** Firmware has to be told which disk is the first. */
function bootIndex(plan: BootPlan, index: number): string {
  return plan.kernel ? "" : `,bootindex=${index}`;
}

function agentOptions(plan: BootPlan): Option[] {
  return [
    ["-device", `virtio-serial-${busOf(plan)},id=serial0`],
    ["-chardev", `socket,id=agent,path=${SOCKETS.agent},server=on,wait=off`],
    ["-device", `virtserialport,bus=serial0.0,chardev=agent,name=${AGENT_PORT}`],
  ];
}

/** QEMU writes the log itself, so nothing the guest says is lost while no daemon runs. */
function consoleOptions(plan: BootPlan, files: LaunchFiles): Option[] {
  const logFile = files.inSet(plan.consoleLogPath, "append");
  const socket = `socket,id=console,path=${SOCKETS.console},server=on,wait=off`;
  return [
    ["-chardev", `${socket},logfile=${logFile},logappend=on`],
    ["-serial", "chardev:console"],
  ];
}

/** in QEMU's option lists a comma is written twice */
function escaped(value: string): string {
  return value.replaceAll(",", ",,");
}
