/**
 * A socket in a running QEMU's working directory, through which it hands out its state.
 *
 * The directory is the daemon's (`run-dir.ts`): while the door is open QEMU's user may pass through
 * it, and connect to this one socket. It can make nothing there.
 */

import { once } from "node:events";
import { chmod, chown, rm } from "node:fs/promises";
import { createServer, type Server } from "node:net";

import type { RunPaths } from "./run-dir.ts";

export interface StateDoor extends AsyncDisposable {
  /** takes one connection, which does not flow before it is read */
  readonly server: Server;
}

/** @param uid the user that QEMU runs as, or `undefined` when it is the daemon's own */
export async function openStateDoor(paths: RunPaths, uid: number | undefined): Promise<StateDoor> {
  await using undo = new AsyncDisposableStack();
  const server = createServer({ pauseOnConnect: true });
  server.maxConnections = 1;
  undo.defer(() => {
    server.close();
  });
  await rm(paths.state, { force: true }); // of a door that closed when its daemon died, or of QEMU's own
  server.listen(paths.state);
  await once(server, "listening");
  await chmod(paths.state, 0o600);
  if (uid !== undefined) {
    undo.defer(() => chmod(paths.workDir, 0o700));
    await chown(paths.state, uid, uid);
    await chmod(paths.workDir, 0o711);
  }
  const opened = undo.move();
  return { server, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}
