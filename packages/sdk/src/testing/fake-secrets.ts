/** The secret endpoints of the contract. Only for tests. */

import { type Call, bodyOf, fail, json } from "./fake-answer.ts";

export interface FakeSecret {
  readonly data: Buffer;
  readonly permissions: string;
  readonly uid: number;
  readonly gid: number;
}

export class FakeSecrets {
  readonly all: Map<string, FakeSecret> = new Map();

  answer(call: Call): void {
    const { request, response, at } = call;
    const [, name = ""] = at;
    if (request.method === "GET") {
      const modified_at = "2026-01-02T03:04:05Z";
      const list = [...this.all].map(([key, { data, ...rest }]) => {
        return { ...rest, name: key, size: data.length, modified_at, mod_time: modified_at };
      });
      return json(response, 200, list);
    }
    if (request.method === "POST") return this.#create(call);
    const before = this.all.get(name);
    if (!before) return fail(response, 404, "secret_not_found", `There is no secret ${name}`);
    if (request.method === "DELETE") this.all.delete(name);
    else this.all.set(name, { ...before, ...fieldsOf(bodyOf(call)) });
    response.writeHead(200).end();
  }

  #create(call: Call): void {
    const body = bodyOf(call);
    const name = String(body["name"]);
    if (this.all.has(name)) return fail(call.response, 409, "secret_exists", `${name} exists`);
    const empty = { data: Buffer.alloc(0), permissions: "0600", uid: 0, gid: 0 };
    this.all.set(name, { ...empty, ...fieldsOf(body) });
    call.response.writeHead(201).end();
  }
}

function fieldsOf(body: Record<string, unknown>): Partial<FakeSecret> {
  const { data, permissions, uid, gid } = body;
  return {
    ...(typeof data === "string" && data !== "" ? { data: Buffer.from(data, "base64") } : {}),
    ...(typeof permissions === "string" ? { permissions } : {}),
    ...(typeof uid === "number" ? { uid } : {}),
    ...(typeof gid === "number" ? { gid } : {}),
  };
}
