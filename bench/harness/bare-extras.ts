/** What a bare guest can have besides what the driver would give it: ways to it without our agent. */

import { createServer } from "node:net";

/** name of the serial port that no agent holds */
export const RAW_PORT = "bench.raw";
/** name of the serial port of QEMU's guest agent, which it and libvirt have agreed on */
export const QGA_PORT = "org.qemu.guest_agent.0";

/** @returns a TCP port that nobody listened on a moment ago */
export async function freePort(): Promise<number> {
  const server = createServer();
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  await promise;
  const address = server.address();
  await server[Symbol.asyncDispose]();
  if (typeof address === "object" && address) return address.port;
  throw new Error("invariant: a TCP server has a port");
}

/** @returns the arguments, with a port of the host that leads to the guest's sshd and both serial ports */
export function extended(args: readonly string[], sshPort: number): readonly string[] {
  const at = args.findIndex((arg) => arg.startsWith("user,id=net0"));
  if (at < 0) throw new Error("invariant: the machine has a user-mode network");
  const netdev = `${args[at]},hostfwd=tcp:127.0.0.1:${sshPort}-:22`;
  return [...args.with(at, netdev), ...serialPort("raw", RAW_PORT), ...serialPort("qga", QGA_PORT)];
}

function serialPort(id: string, name: string): readonly string[] {
  const device = `virtserialport,bus=serial0.0,chardev=${id},name=${name}`;
  return ["-chardev", `socket,id=${id},path=${id}.sock,server=on,wait=off`, "-device", device];
}
