/** Mounts a VM's volumes where its owner wants them, in guests that our agent listens in. */

import { within } from "#lib/patience.ts";

import type { GuestLink } from "../ports/guest-link.ts";
import type { Log } from "../ports/log.ts";
import type { VmRecord, VmVolume } from "./vm.ts";

/** how long the mounting of one volume may take, in `ms` */
const MOUNT_TIMEOUT_MS = 15_000;

/** what of the guest's complaint is kept, in bytes */
const MAX_COMPLAINT_BYTES = 1024;

/** $1 the disk's serial, $2 the place, $3 options. A disk is found by what the kernel knows: nobody else may. */
const SCRIPT = `for disk in /sys/block/vd*; do
  [ "$(cat "$disk/serial")" = "$1" ] && device=/dev/\${disk##*/}
done
[ -n "$device" ] || { echo "no disk has the serial $1"; exit 1; }
mkdir -p "$2"
grep -qs "^[^ ]* $2 " /proc/mounts && exit 0
exec mount -o "$3" "$device" "$2"`;

/** What cannot be mounted is told in the log: nobody is locked out of a guest for it. */
export async function mountVolumes(
  { spec, hostname }: VmRecord,
  link: GuestLink,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  for (const volume of spec.volumes ?? []) {
    if (volume.mount === undefined) continue;
    try {
      const complaint = await mount(volume, volume.mount, link, within(MOUNT_TIMEOUT_MS, signal));
      if (complaint === undefined) continue;
      log.warn("vm.volume_not_mounted", { hostname, serial: volume.serial, complaint });
    } catch (error) {
      signal.throwIfAborted();
      log.warn("vm.volume_not_mounted", { hostname, serial: volume.serial, error });
    }
  }
}

/** @returns what the guest said when it could not */
async function mount(
  { serial, readOnly }: VmVolume,
  place: string,
  link: GuestLink,
  signal: AbortSignal,
): Promise<string | undefined> {
  const options = readOnly ? "ro" : "rw";
  const process = await link.exec(
    {
      program: {
        kind: "argv",
        argv: ["/bin/sh", "-c", SCRIPT, "mount-volume", serial, place, options],
      },
      env: [],
      cwd: "/",
      user: { uid: 0, gid: 0 },
      stdin: false,
      stdout: true,
      stderr: true,
      pty: undefined,
    },
    signal,
  );
  let said = Buffer.alloc(0);
  for await (const { bytes } of process.output) {
    said = Buffer.concat([said, bytes]).subarray(0, MAX_COMPLAINT_BYTES);
  }
  const { exitCode } = await process.ended;
  return exitCode === 0 ? undefined : said.toString("utf8").trim();
}
