/** What happens to a real VM, as a stream that goes on with the next daemon. */

import assert from "node:assert/strict";

import type { Api } from "./harness/api.ts";
import { asObject, asObjects, type JsonObject, textIn } from "./harness/json-value.ts";
import { suite } from "./harness/test-host.ts";
import { until } from "./harness/until.ts";

interface Told {
  readonly kind: string;
  readonly data: JsonObject;
}

/** Reads a stream until it is disposed, or the host ends it. */
class Listener implements Disposable {
  readonly told: Told[] = [];
  ended = false;
  readonly #end: () => void;

  private constructor(end: () => void) {
    this.#end = end;
  }

  static async open(api: Api, after?: number): Promise<Listener> {
    const query = after === undefined ? {} : { after };
    const ask = { query, headers: { accept: "text/event-stream" } };
    const { response } = await api.open("GET", "/v1/events", ask);
    assert.equal(response.statusCode, 200);
    const listener = new Listener(() => response.destroy());
    let text = "";
    response.setEncoding("utf8");
    response.on("data", (more: string) => {
      const whole = (text + more).split("\n\n");
      text = whole.pop() ?? "";
      listener.told.push(...whole.flatMap(toldIn));
    });
    response.on("error", () => {}); // the daemon was killed
    response.on("close", () => (listener.ended = true));
    return listener;
  }

  /** of the VM's phases */
  get phases(): readonly JsonObject[] {
    return this.told.filter(({ kind }) => kind === "vm").map(({ data }) => data);
  }

  /** the newest that was told of a VM, with a phase or without */
  vm(hostname: string): JsonObject | undefined {
    const vms = this.told.map(({ data }) => data["vm"]).filter((vm) => typeof vm === "object");
    return vms.map((vm) => asObject(vm ?? {})).findLast((vm) => vm["hostname"] === hostname);
  }

  [Symbol.dispose](): void {
    this.#end();
  }
}

function toldIn(frame: string): Told[] {
  const [, kind = "", data = ""] = /event: (\w+)\ndata: (.*)$/.exec(frame) ?? [];
  return kind === "" ? [] : [{ kind, data: asObject(JSON.parse(data)) }];
}

function idsOf(events: readonly JsonObject[]): readonly unknown[] {
  return events.map(({ id }) => id);
}

suite("events", {}, (host, story) => {
  story(
    "a VM's life is told as it happens, over the death of the daemon, each phase once",
    async () => {
      const { hostname, last } = await firstPart();
      await host.daemon.kill();
      await host.start();
      using next = await Listener.open(host.api, last);
      // Perhaps before anybody listened: that it answers again is no event of its own that is kept.
      await until("its agent is found again", async () => {
        const { json } = await host.api.get(`/v1/vms/${hostname}`);
        return asObject(json)["ready"] === true;
      });
      await host.api.post(`/vm/${hostname}/pause`);
      await until("it is paused", () => next.phases.at(-1)?.["phase"] === "paused");
      assert.ok(asObject(next.vm(hostname))["actions"]);
      await host.deleteVm(hostname);
      await until("it is gone", () => next.phases.at(-1)?.["phase"] === "deleted");
      assert.equal(next.phases.at(-1)?.["vm"], null);

      const known = asObjects((await host.api.get("/v1/events")).json).toReversed();
      const missed = known.filter(({ id }) => Number(id) > last);
      assert.deepEqual(idsOf(next.phases), idsOf(missed));
    },
  );

  /** @returns the VM, and the id of the last event that was told */
  async function firstPart(): Promise<{ readonly hostname: string; readonly last: number }> {
    using listener = await Listener.open(host.api);
    const hostname = await host.createVm({ tags: ["told"] });
    await until("it is ready", () => listener.vm(hostname)?.["ready"] === true);
    const [hello] = listener.told;
    assert.equal(hello?.kind, "hello");
    assert.deepEqual(
      listener.phases.map((event) => textIn(event, "phase")),
      ["starting", "running"],
    );
    const vm = asObject(listener.vm(hostname));
    assert.deepEqual(vm["tags"], ["told"]);
    assert.ok(JSON.stringify(vm["actions"]).includes('"shell"'));
    const listed = asObjects((await host.api.get("/v1/vms", { query: { memory: "none" } })).json);
    assert.deepEqual(vm, listed[0]);
    return { hostname, last: Number(listener.phases.at(-1)?.["id"]) };
  }
});
