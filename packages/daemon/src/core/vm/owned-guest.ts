/** What owners want of guests that our agent listens in, beside what every guest is told: root's keys, a way to use them, and volumes. */

import type { GuestLink } from "../ports/guest-link.ts";
import type { Log } from "../ports/log.ts";
import { commandGuest } from "./guest-command.ts";
import type { VmRecord } from "./vm.ts";

/** $1 the disk's serial, $2 the place, $3 options. A disk is found by what the kernel knows: no guest needs udev. */
const MOUNT = `for disk in /sys/block/vd*; do
  [ "$(cat "$disk/serial")" = "$1" ] && device=/dev/\${disk##*/}
done
[ -n "$device" ] || { echo "no disk has the serial $1"; exit 1; }
mkdir -p "$2"
grep -qs "^[^ ]* $2 " /proc/mounts && exit 0
exec mount -o "$3" "$device" "$2"`;

/** Keys as words; each is there once. */
const AUTHORIZE = `umask 077
mkdir -p /root/.ssh
file=/root/.ssh/authorized_keys
touch "$file"
changed=
for key; do
  grep -qxF -e "$key" "$file" && continue
  printf '%s\\n' "$key" >> "$file"
  changed=1
done
[ -z "$changed" ] || sync`;

/**
 * Where our agent is the first process nobody else starts a server. A key of one kind: others take long to make under
 * emulation. One that a host that lost its power has left half written would keep the server from starting for good.
 */
const SERVE_SSH = `case "$(readlink /proc/1/exe)" in *alcove-agent) ;; *) exit 0 ;; esac
[ -x /usr/sbin/sshd ] || exit 0
for comm in /proc/[0-9]*/comm; do [ "$(cat "$comm" 2>/dev/null)" = sshd ] && exit 0; done
whole=
for key in /etc/ssh/ssh_host_*_key; do
  if ssh-keygen -y -f "$key" </dev/null >/dev/null 2>&1; then whole=1; else rm -f "$key" "$key.pub"; fi
done
[ -n "$whole" ] || { ssh-keygen -q -t ed25519 -N "" -f /etc/ssh/ssh_host_ed25519_key && sync; }
mkdir -p /run/sshd
exec /usr/sbin/sshd`;

/** What cannot be done is told in the log: nobody is locked out of a guest for it. Rejects only when aborted. */
export async function furnishOwned(
  { spec, hostname, owner }: VmRecord,
  link: GuestLink,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  if (owner === undefined) return;
  const mounts = (spec.volumes ?? []).flatMap(({ serial, mount, readOnly }) =>
    mount === undefined
      ? []
      : [{ what: serial, script: MOUNT, words: [serial, mount, readOnly ? "ro" : "rw"] }],
  );
  const keys = { what: "root's keys", script: AUTHORIZE, words: spec.sshKeys };
  const server = { what: "a server for ssh", script: SERVE_SSH, words: [] };
  const access = spec.sshKeys.length > 0 ? [keys, server] : [];
  for (const { what, script, words } of [...mounts, ...access]) {
    try {
      const complaint = await commandGuest(link, script, words, signal);
      if (complaint !== undefined) log.warn("vm.not_furnished", { hostname, what, complaint });
    } catch (error) {
      signal.throwIfAborted();
      log.warn("vm.not_furnished", { hostname, what, error });
    }
  }
}
