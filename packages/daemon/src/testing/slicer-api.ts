/** The Slicer surface over a fake host: real routes, real core, no machines. */

import type { FastifyPluginAsync } from "fastify";

import type { Vms, VmsDeps } from "#core/vm/vms.ts";
import type { Access } from "#http/auth.ts";
import { application, serve } from "#http/server.ts";
import type { AlephAtHost } from "#http/native/aleph.ts";
import { native } from "#http/native/surface.ts";
import { slicer } from "#http/slicer/surface.ts";
import { openApi } from "#http/openapi.ts";
import { linuxMeter } from "#host/linux-meter.ts";
import { metrics } from "#http/metrics/surface.ts";

import { fakeConsole } from "./fake-console.ts";
import { FakeHost } from "./fake-host.ts";
import { type FakeNative, fakeNative } from "./fake-native.ts";
import { roomyFacts } from "./roomy-facts.ts";

type App = Awaited<ReturnType<typeof application>>;

export interface Call {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

export interface Answer {
  readonly status: number;
  readonly type: string | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  readonly bytes: Buffer;
}

export interface Route {
  readonly method: string;
  readonly url: string;
  readonly access: Access | undefined;
}

export interface SlicerApiOptions {
  readonly token?: string;
  readonly goStats?: "on" | "off";
  readonly stop?: () => void;
  /** default: off */
  readonly templates?: "on" | "off";
  readonly parts?: (host: FakeHost) => Partial<VmsDeps>;
  /** default: the host is no node */
  readonly aleph?: AlephAtHost;
}

interface Opened {
  readonly host: FakeHost;
  readonly vms: Vms;
  readonly served: FakeNative;
}

export class SlicerApi implements AsyncDisposable {
  readonly host: FakeHost;
  readonly vms: Vms;
  readonly app: App;

  /** every route of the surface, as the router was told */
  readonly routes: readonly Route[];

  readonly #served: FakeNative;

  private constructor({ host, vms, served }: Opened, app: App, routes: readonly Route[]) {
    this.host = host;
    this.vms = vms;
    this.#served = served;
    this.app = app;
    this.routes = routes;
  }

  static async make(options: SlicerApiOptions = {}): Promise<SlicerApi> {
    const host = await FakeHost.make();
    host.templates = options.templates ?? "off";
    const vms = await host.open(options.parts?.(host));
    const served = await fakeNative(host, vms, options);
    const { parts, lock } = served;
    const { log, groups, hypervisor } = host;
    const { goStats = "on", stop = () => undefined } = options;
    const about = { version: parts.version, gitCommit: "c0ffee", platform: "linux", arch: "amd64" };
    const both = { ...parts, groups, hypervisor, hostFacts: roomyFacts };
    const routes: Route[] = [];
    const meters = metrics({ ...both, ...about, hostMeter: linuxMeter("lo") }, log);
    const document = openApi(about.version, log);
    const surfaces = [
      listener(routes),
      document.collecting,
      meters.counting,
      slicer({ ...both, about, goStats, stop }, log),
      native(parts, log),
      meters.surface,
      document.surface,
      fakeConsole(log),
    ];
    return new SlicerApi({ host, vms, served }, await application(surfaces, lock), routes);
  }

  /** One request without a socket. @param line "GET /nodes" */
  async call(line: string, { headers = {}, body }: Call = {}): Promise<Answer> {
    const [method = "", url = ""] = line.split(" ");
    const wanted = METHODS.find((it) => it === method);
    if (!wanted) throw new Error(`no method in ${line}`);
    const payload = body === undefined ? {} : { payload: body };
    const answer = await this.app.inject({ method: wanted, url, headers, ...payload });
    const type = answer.headers["content-type"];
    return {
      status: answer.statusCode,
      type: typeof type === "string" ? type : undefined,
      headers: answer.headers,
      text: answer.payload,
      bytes: answer.rawPayload,
    };
  }

  /** A VM whose agent answers. @returns its host name */
  async vm(body: object = {}, headers: Call["headers"] = {}): Promise<string> {
    const answer = await this.call("POST /hostgroup/sbox/nodes?wait=agent&timeout=10s", {
      headers,
      body: JSON.stringify(body),
    });
    if (answer.status !== 201) throw new Error(`no VM: ${answer.status} ${answer.text}`);
    const { hostname }: { hostname: string } = JSON.parse(answer.text);
    return hostname;
  }

  /** The same on a port of the loopback interface. @returns `127.0.0.1:<port>` */
  async listen(): Promise<string> {
    const { port } = await serve(this.app, { kind: "tcp", address: "127.0.0.1", port: 0 });
    return `127.0.0.1:${port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.app.close();
    await this.#served[Symbol.asyncDispose]();
    await this.host[Symbol.asyncDispose]();
  }
}

/** A plugin that notes what is registered after it. */
function listener(routes: Route[]): FastifyPluginAsync {
  const plugin: FastifyPluginAsync = async (app) => {
    app.addHook("onRoute", ({ method, url, config }) => {
      for (const one of [method].flat()) routes.push({ method: one, url, access: config?.access });
    });
  };
  // Without a room of its own: its hook is for all that comes later.
  return Object.assign(plugin, { [Symbol.for("skip-override")]: true });
}

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;
