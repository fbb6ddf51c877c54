/** exec as the contract has it, with a local process in the guest's place. Only for tests. */

import { spawn } from "node:child_process";
import type { IncomingMessage, ServerResponse } from "node:http";
import { constants } from "node:os";

export function runCommand(
  request: IncomingMessage,
  response: ServerResponse,
  query: URLSearchParams,
  onStart: (pid: number) => void,
): void {
  const send = (frame: object): void => {
    const timestamp = new Date().toISOString();
    response.write(
      `${JSON.stringify({ timestamp, stdout: "", stderr: "", exit_code: 0, ...frame })}\n`,
    );
  };
  const child = spawn(query.get("cmd") ?? "", query.getAll("args"), { detached: true });
  const { pid } = child;
  response.writeHead(200, { "content-type": "application/x-ndjson" });
  response.on("close", () => {
    if (pid !== undefined && child.exitCode === null) kill(pid);
  });
  child.once("error", (error) => {
    send({ error: error.message, exit_code: 127 });
    response.end();
  });
  if (pid === undefined) return;
  onStart(pid);
  send({ type: "started", pid });
  if (query.get("stdin") === "true") request.pipe(child.stdin);
  else child.stdin.end();
  child.stdin.on("error", () => request.unpipe().resume());
  for (const type of ["stdout", "stderr"] as const) {
    child[type].on("data", (chunk: Buffer) =>
      send({ type, [type]: chunk.toString("base64"), encoding: "base64" }),
    );
  }
  child.once("close", (code, signal) => {
    const exit_code = signal ? 128 + constants.signals[signal] : (code ?? 1);
    send({ type: "exit", exit_code, ...(signal ? { signal } : {}) });
    // Closing on a client that still sends would take the last frames from it.
    if (query.get("stdin") !== "true" || request.complete) response.end();
    else request.resume().once("close", () => response.end());
  });
}

function kill(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    return; // it ended in the meantime
  }
}
