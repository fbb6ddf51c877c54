/** QEMU's guest agent over its serial port, without libvirt: one JSON object a line, one command at a time. */

import { once } from "node:events";
import type { Socket } from "node:net";
import { createInterface, type Interface } from "node:readline";

import { connectUnixSocket } from "../../packages/daemon/src/guest/transports/unix-socket.ts";

type Answer = Readonly<Record<string, unknown>>;

export class GuestAgentSocket implements Disposable {
  readonly #socket: Socket;
  readonly #lines: Interface;

  /** Resolves when the agent has answered a ping. */
  static async open(socketPath: string, signal: AbortSignal): Promise<GuestAgentSocket> {
    const agent = new GuestAgentSocket(await connectUnixSocket(socketPath, signal));
    await agent.#ask("guest-ping", {}, signal);
    return agent;
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#lines = createInterface({ input: socket });
  }

  /** Runs a program and asks until it has ended. Rejects unless it exits with 0. */
  async exec(program: string, signal: AbortSignal): Promise<void> {
    const { pid } = await this.#ask("guest-exec", { path: program }, signal);
    for (;;) {
      const status = await this.#ask("guest-exec-status", { pid }, signal);
      if (status["exited"] !== true) continue;
      if (status["exitcode"] === 0) return;
      throw new Error(`${program} ended in the guest: ${JSON.stringify(status)}`);
    }
  }

  async #ask(execute: string, args: Answer, signal: AbortSignal): Promise<Answer> {
    const answered = once(this.#lines, "line", { signal });
    this.#socket.write(`${JSON.stringify({ execute, arguments: args })}\n`);
    const [line]: string[] = await answered;
    const answer: unknown = JSON.parse(line ?? "null");
    if (isAnswer(answer) && isAnswer(answer["return"])) return answer["return"];
    throw new Error(`QEMU's guest agent answered ${line}`);
  }

  [Symbol.dispose](): void {
    this.#lines.close();
    this.#socket.destroy();
  }
}

function isAnswer(value: unknown): value is Answer {
  return typeof value === "object" && value !== null;
}
