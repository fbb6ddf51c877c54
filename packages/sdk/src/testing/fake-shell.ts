/** A shell that says its size, echoes, and ends at Ctrl-D. Only for tests. */

import type { Duplex } from "node:stream";

import type { WebSocket } from "ws";

import { SHELL_FRAME, decodeShellFrame, encodeShellFrame } from "../shell-frames.ts";

const END_OF_INPUT = 0x04;

export function echoShell(socket: WebSocket): void {
  socket.on("message", (message: Buffer) => {
    const frame = decodeShellFrame(message);
    const payload = Buffer.from(frame?.payload ?? []);
    const type = frame?.type;
    if (type === SHELL_FRAME.windowSize) {
      const size = `${payload.readUInt32BE(0)}x${payload.readUInt32BE(4)}\r\n`;
      socket.send(encodeShellFrame(SHELL_FRAME.data, Buffer.from(size)));
    }
    if (type === SHELL_FRAME.data) socket.send(message);
    if (type !== SHELL_FRAME.shutdown && !payload.includes(END_OF_INPUT)) return;
    socket.send(encodeShellFrame(SHELL_FRAME.sessionClose));
    socket.close(1000);
  });
}

/** As a host does before the upgrade. */
export function refuseShell(socket: Duplex): void {
  const body = JSON.stringify({ error: "There is no such VM", code: "vm_not_found" });
  socket.end(`HTTP/1.1 404 Not Found\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
}
