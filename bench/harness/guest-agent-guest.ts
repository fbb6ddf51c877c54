/** QEMU's own guest agent in a guest: Debian's packages, put there through ours. */

import { createReadStream } from "node:fs";
import { copyFile } from "node:fs/promises";
import path from "node:path";
import { Readable } from "node:stream";

import type { GuestLink } from "../../packages/daemon/src/core/ports/guest-link.ts";
import type { DiskLayer } from "../../packages/daemon/src/core/ports/machine.ts";
import { downloadedDebs } from "../setup/baselines.ts";
import { runInGuest, shell } from "./agent-channel.ts";
import { QGA_PORT } from "./bare-extras.ts";
import { BareGuest, type BareOrder } from "./bare-guest.ts";

/** starts the agent on its port, in the background, however early it is */
const START = "/usr/local/sbin/start-guest-agent";
/** the same, and then the image's own init: for guests in which nobody else starts it */
export const INIT_WITH_AGENT = "/usr/local/sbin/init-with-guest-agent";

/** Ports are announced to the guest one after the other, and may come after its init. */
const START_SCRIPT = `#!/bin/sh
[ -e /dev/vda ] || mount -t devtmpfs dev /dev
[ -e /sys/class ] || mount -t sysfs sys /sys
begin() {
  until found=$(grep -lxs ${QGA_PORT} /sys/class/virtio-ports/*/name); do sleep 0.02; done
  port=\${found%/name}
  exec qemu-ga -m virtio-serial -p "/dev/\${port##*/}" -t /tmp
}
begin </dev/null >/tmp/qemu-ga.log 2>&1 &
`;
const INIT_SCRIPT = `#!/bin/sh
${START}
exec /sbin/init
`;

/** Installs it in a running guest. It is on the guest's disk when this resolves. */
export async function installGuestAgent(link: GuestLink, signal: AbortSignal): Promise<void> {
  for (const deb of await downloadedDebs()) {
    await put(
      link,
      { target: `/var/tmp/${path.basename(deb)}`, content: createReadStream(deb) },
      signal,
    );
  }
  const scripts = { [START]: START_SCRIPT, [INIT_WITH_AGENT]: INIT_SCRIPT };
  for (const [target, text] of Object.entries(scripts)) {
    await put(link, { target, content: Readable.from([Buffer.from(text)]) }, signal);
  }
  const chmod = `chmod 755 ${START} ${INIT_WITH_AGENT}`;
  const install = "DEBIAN_FRONTEND=noninteractive dpkg -i /var/tmp/*.deb && rm /var/tmp/*.deb";
  await runInGuest(link, shell(`${install} && ${chmod} && sync`), signal);
}

/** Starts it in a guest that has it. */
export async function startGuestAgent(link: GuestLink, signal: AbortSignal): Promise<void> {
  await runInGuest(link, shell(START), signal);
}

/** Boots a guest, installs the agent and keeps its disk. @param file where the disk goes @returns what it is */
export async function diskWithGuestAgent(
  order: BareOrder,
  file: string,
  signal: AbortSignal,
): Promise<DiskLayer> {
  await using guest = await BareGuest.prepare(order);
  await using link = await guest.boot(signal);
  await installGuestAgent(link, signal);
  await guest.end();
  await copyFile(guest.diskPath, file);
  return { path: file, format: "qcow2", backing: { ...order.image.rootfs, backing: undefined } };
}

interface Cargo {
  readonly target: string;
  readonly content: Readable;
}

async function put(
  link: GuestLink,
  { target, content }: Cargo,
  signal: AbortSignal,
): Promise<void> {
  await link.copyIn(
    {
      path: target,
      format: "file",
      user: { uid: 0, gid: 0 },
      mode: undefined,
      placement: { kind: "exact" },
      unpackedSizeBytes: undefined,
    },
    content,
    signal,
  );
}
