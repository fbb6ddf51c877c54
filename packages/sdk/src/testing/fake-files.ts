/** The file endpoints of the contract over a map of contents. Only for tests. */

import { type Call, bodyOf, fail, json } from "./fake-answer.ts";

export class FakeFiles {
  /** contents by guest path, as cp left them */
  readonly contents: Map<string, Buffer> = new Map();
  readonly directories: Set<string> = new Set();
  /** what a watch tells, before it ends */
  readonly events: object[] = [];

  answer(call: Call): void {
    const { response, url, at } = call;
    const path = url.searchParams.get("path") ?? "";
    if (at[3] === "mkdir") {
      this.#mkdir(call);
    } else if (at[3] === "watch") {
      this.#watch(call);
    } else if (at[3] === "remove") {
      this.#remove(call, path);
    } else {
      const entry = this.#entry(path);
      if (!entry) return fail(response, 404, "guest_refused", `There is no ${path}`);
      json(response, 200, at[3] === "readdir" ? this.#below(path) : entry);
    }
  }

  /** The root's own directories need no parent. */
  #mkdir(call: Call): void {
    const body = bodyOf(call);
    const made = String(body["path"]);
    const parent = made.slice(0, made.lastIndexOf("/"));
    if (body["recursive"] !== true && parent !== "" && !this.directories.has(parent)) {
      return fail(call.response, 404, "guest_refused", `${made}: No such file or directory`);
    }
    this.directories.add(made);
    call.response.writeHead(200).end();
  }

  #remove({ response, url }: Call, path: string): void {
    const isFull = this.#below(path).length > 0;
    if (isFull && url.searchParams.get("recursive") !== "true") {
      return fail(response, 400, "guest_refused", `${path} is not empty`);
    }
    const was = this.contents.delete(path) || this.directories.delete(path);
    if (!was) return fail(response, 404, "guest_refused", `There is no ${path}`);
    for (const one of this.contents.keys()) {
      if (one.startsWith(`${path}/`)) this.contents.delete(one);
    }
    response.writeHead(200).end();
  }

  #watch({ response }: Call): void {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(": heartbeat\n\n");
    for (const [index, event] of this.events.entries()) {
      const data = JSON.stringify({ id: index + 1, ...event });
      response.write(`id: ${index + 1}\nevent: watch\ndata: ${data}\n\n`);
    }
    response.end();
  }

  #below(path: string): object[] {
    const names = [...this.contents.keys(), ...this.directories].filter(
      (one) => one.slice(0, one.lastIndexOf("/")) === path,
    );
    return names.map((name) => this.#entry(name) ?? {});
  }

  #entry(path: string): object | undefined {
    const name = path.slice(path.lastIndexOf("/") + 1);
    const size = this.contents.get(path)?.length;
    const mtime = "2026-01-02T03:04:05Z";
    if (size !== undefined) return { name, type: "file", size, mtime, mode: "0644" };
    if (!this.directories.has(path)) return undefined;
    return { name, type: "directory", size: 4096, mtime, mode: "0755" };
  }
}
