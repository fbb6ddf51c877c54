/** A tunnel into this machine in the guest's place. Only for tests. */

import type { IncomingMessage } from "node:http";
import net from "node:net";
import type { Duplex } from "node:stream";

import { type WebSocketServer, createWebSocketStream } from "ws";

export function tunnel(
  sockets: WebSocketServer,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): void {
  const upstream = String(request.headers["x-inlets-upstream"]);
  const [host = "", port] = upstream.split(":");
  const target = net.connect(
    host === "unix" ? { path: String(port) } : { host, port: Number(port) },
  );
  target.once("error", () => {
    const body = JSON.stringify({ error: `Nothing listens on ${upstream}`, code: "dial_failed" });
    socket.end(`HTTP/1.1 502 Bad Gateway\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  });
  target.once("connect", () => {
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      const stream = createWebSocketStream(webSocket);
      stream.on("error", () => target.destroy());
      target.on("error", () => stream.destroy());
      stream.pipe(target).pipe(stream);
    });
  });
}
