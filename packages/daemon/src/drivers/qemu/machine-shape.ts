/**
 * What of a QEMU's command line makes the machine that its guest sees. Pure.
 *
 * A state fits only a machine with the same shape. QEMU notices some differences by itself; others
 * (the processor's model, how many there are, devices too many) it takes without a word, so all are
 * compared here. Free to differ are names of files and sockets, and the addresses of network cards,
 * which the state brings along.
 */

export interface MachineShape {
  /** options in their order: devices get their places by it */
  readonly options: readonly string[];
  /** frequency that the guest was told its time stamp counter has; absent where nobody had to tell it */
  readonly tscKhz: number | undefined;
}

/** options that count as they are */
const WHOLE = new Set(["-M", "-cpu", "-smp", "-m"]);

/** of these only what stands before the first comma counts: the kind, not how it is reached */
const KIND = new Set(["-accel", "-netdev"]);

/** how far two measurements of one counter may lie apart */
const TSC_TOLERANCE = 0.01;

/** @param args a command line, with or without the program's name */
export function shapeOf(args: readonly string[]): MachineShape {
  const options = args.flatMap((name, index) => {
    const value = args[index + 1] ?? "";
    if (WHOLE.has(name)) return [`${name} ${value}`];
    if (KIND.has(name)) return [`${name} ${value.split(",")[0]}`];
    return name === "-device" ? [`${name} ${value.replace(/,mac=[^,]*/, "")}`] : [];
  });
  const kernelLine = args[args.indexOf("-append") + 1] ?? "";
  const khz = /(?:^| )tsc_early_khz=(\d+)/.exec(kernelLine)?.[1];
  return { options, tscKhz: khz === undefined ? undefined : Number(khz) };
}

/** @returns the guest's memory in `MiB`, or 0 when the command line does not say it */
export function memoryMiBOf(args: readonly string[]): number {
  const size = args[args.indexOf("-m") + 1] ?? "";
  return Number(/^(\d+)M$/.exec(size)?.[1] ?? 0);
}

/** @returns the descriptor of the file that the guest's memory was made from, or `undefined` when there is none */
export function memoryFdOf(args: readonly string[]): number | undefined {
  const memory = args.find((arg) => arg.startsWith("memory-backend-file,"));
  const fd = /,mem-path=\/proc\/self\/fd\/(\d+),/.exec(memory ?? "")?.[1];
  return fd === undefined ? undefined : Number(fd);
}

/** @returns the first difference in words, or `undefined` when one machine can go on as the other */
export function differenceOf(saved: MachineShape, wanted: MachineShape): string | undefined {
  const count = Math.max(saved.options.length, wanted.options.length);
  for (let index = 0; index < count; index += 1) {
    const [before, now] = [saved.options[index], wanted.options[index]];
    if (before !== now) {
      return `it was saved by a machine with ${before ?? "no further device"}, and would be restored to one with ${now ?? "no further device"}`;
    }
  }
  return sameClock(saved.tscKhz, wanted.tscKhz)
    ? undefined
    : `its clock runs by a counter of ${saved.tscKhz} kHz, and this host's has ${wanted.tscKhz} kHz`;
}

function sameClock(saved: number | undefined, now: number | undefined): boolean {
  if (saved === undefined || now === undefined) return saved === now;
  return Math.abs(saved - now) <= now * TSC_TOLERANCE;
}
