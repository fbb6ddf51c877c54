/** A QEMU that only speaks: a control socket that answers each command as a test has written. */

import { once } from "node:events";
import { mkdtempDisposable } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";

const GREETING = '{"QMP":{"version":{"qemu":{"micro":0,"minor":2,"major":7}},"capabilities":[]}}';

export interface QmpCommand {
  readonly execute: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** What is written in answer, in this order; the command's id is put into all but events. */
export type QmpScript = (command: QmpCommand) => readonly object[];

export class ScriptedQmp implements AsyncDisposable {
  readonly path: string;
  /** those that were sent, in their order, without the first */
  readonly commands: QmpCommand[] = [];
  readonly #parts: AsyncDisposableStack;

  private constructor(socketPath: string, parts: AsyncDisposableStack) {
    this.path = socketPath;
    this.#parts = parts;
  }

  static async listen(script: QmpScript): Promise<ScriptedQmp> {
    const parts = new AsyncDisposableStack();
    const directory = parts.use(await mkdtempDisposable(path.join(tmpdir(), "qmp-")));
    const sockets = new Set<Socket>();
    const qemu = new ScriptedQmp(path.join(directory.path, "qmp"), parts);
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on("error", () => sockets.delete(socket));
      socket.write(`${GREETING}\r\n`);
      socket.on("data", (chunk) => qemu.#take(chunk, socket, script));
    });
    server.listen(qemu.path);
    await once(server, "listening");
    parts.defer(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    return qemu;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts[Symbol.asyncDispose]();
  }

  #take(chunk: Buffer, socket: Socket, script: QmpScript): void {
    for (const line of chunk.toString().trim().split("\n")) {
      const { id, ...command }: QmpCommand & { id: number } = JSON.parse(line);
      const isFirst = command.execute === "qmp_capabilities";
      if (!isFirst) this.commands.push(command);
      for (const message of isFirst ? [{ return: {} }] : script(command)) {
        const whole = "event" in message ? message : { ...message, id };
        socket.write(`${JSON.stringify(whole)}\r\n`);
      }
    }
  }
}
