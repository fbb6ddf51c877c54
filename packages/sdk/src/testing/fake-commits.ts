/** The endpoints of commits in the contract. Only for tests. */

import { isObject } from "../errors.ts";
import { bodyOf, type Call, fail, json } from "./fake-answer.ts";

interface FakeCommit {
  readonly commit_id: string;
  readonly source_hostname: string;
  readonly source_host_group: string;
  readonly created_at: string;
  readonly mode: string;
  readonly tags: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly cache_key?: string;
}

interface Source {
  readonly hostname: string;
  readonly hostgroup: string;
  readonly status: string;
}

export class FakeCommits {
  readonly all: Map<string, FakeCommit> = new Map();
  #made = 0;

  create(call: Call, { hostname, hostgroup, status }: Source): void {
    if (status === "Running") return fail(call.response, 409, "wrong_phase", "It is running");
    this.#made += 1;
    const said = saidIn(bodyOf(call));
    const about = { commit_id: `cmt-${this.#made}`, mode: "disk", ...said };
    const source = { source_hostname: hostname, source_host_group: hostgroup };
    const commit = { ...about, ...source, created_at: "2026-01-02T03:04:05.678Z" };
    this.all.set(commit.commit_id, commit);
    json(call.response, 200, { hostname, status: "committed", parent_status: "stopped", ...about });
  }

  answer(call: Call): void {
    const { request, response, url, at } = call;
    const [, , id] = at;
    if (id === undefined) return json(response, 200, this.#list(url.searchParams));
    const commit = this.all.get(id);
    if (!commit) return fail(response, 404, "commit_not_found", `There is no commit ${id}`);
    if (request.method === "DELETE") {
      this.all.delete(id);
      return json(response, 200, { commit_id: id, status: "deleted" });
    }
    const { source_hostname, mode } = commit;
    const { persistent = true } = bodyOf(call);
    const said = { source_hostname, mode, persistent, commit_id: id, status: "forked" };
    json(response, 200, { hostname: "sbox-7", child_status: "running", ...said });
  }

  #list(query: URLSearchParams): readonly FakeCommit[] {
    const [key, source] = [query.get("cache_key"), query.get("source")];
    return [...this.all.values()]
      .filter(({ cache_key }) => key === null || cache_key === key)
      .filter(({ source_hostname }) => source === null || source_hostname === source)
      .filter(({ tags }) => query.getAll("tag").every((tag) => tags.includes(tag)));
  }
}

function saidIn(body: Record<string, unknown>): Pick<FakeCommit, "tags" | "labels" | "cache_key"> {
  const { tags, labels, cache_key } = body;
  return {
    tags: Array.isArray(tags) ? tags.map(String) : [],
    labels: isObject(labels)
      ? Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, String(value)]))
      : {},
    ...(typeof cache_key === "string" ? { cache_key } : {}),
  };
}
