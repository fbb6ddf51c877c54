/** A connection inside a guest that is a socket of this host. */

import { connect } from "node:net";
import { once } from "node:events";

import type { GuestConnection } from "#core/ports/guest-connection.ts";

export async function localConnection(port: number): Promise<GuestConnection> {
  const socket = connect({ host: "127.0.0.1", port, allowHalfOpen: true });
  await once(socket, "connect");
  const { promise: ended, reject } = Promise.withResolvers<never>();
  ended.catch(() => {}); // nobody has to ask
  socket.on("error", reject);
  socket.on("close", () => reject(new Error("the connection is closed")));
  return {
    output: socket,
    ended,
    write: async (bytes, signal) => {
      signal.throwIfAborted();
      const written = Promise.withResolvers<void>();
      socket.write(bytes, (error) => (error ? written.reject(error) : written.resolve()));
      await written.promise;
    },
    endInput: () => void socket.end(),
    cancel: () => void socket.destroy(),
  };
}
