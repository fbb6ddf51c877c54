/** What was asked of the API: counted by the route's pattern, never by the path that came. */

import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from "fastify";
import { Counter, Gauge, Histogram, type Registry } from "prom-client";

import type { HostGroups } from "#core/group/host-group.ts";

import { CLIENT_LEFT } from "../client-left.ts";

/** an answer is over when its last byte has left; streams and waits take as long as they take */
const DURATION_BUCKETS_S = [
  0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300,
];

const LAUNCH_ROUTE = "POST /hostgroup/:group/nodes";

const SWITCHED = 101;

/** @returns a plugin that counts the requests of all plugins registered after it */
export function requestCounters(registers: Registry[], groups: HostGroups): FastifyPluginAsync {
  const counters = countersIn(registers);
  const launches = new Counter({
    name: "slicer_vm_launch_total",
    help: "Creates of VMs that were answered, by host group and HTTP status",
    labelNames: ["host_group", "code"],
    registers,
  });
  const open = new Gauge({
    name: "alcove_http_requests_open",
    help: "Requests that are being answered, WebSockets and streams among them, by route",
    labelNames: ["route"],
    registers,
  });
  const counted = new WeakSet<FastifyRequest>();
  const count = (request: FastifyRequest, reply: FastifyReply) => {
    if (counted.has(request)) return;
    counted.add(request);
    const code = codeOf(request, reply);
    counters.count(request, code, reply.elapsedTime / 1_000);
    if (routeOf(request) !== LAUNCH_ROUTE) return;
    launches.inc({ host_group: groupOf(request, groups), code });
  };
  const plugin: FastifyPluginAsync = async (app) => {
    app.addHook("onResponse", async (request, reply) => count(request, reply));
    // Answers that broke off, and WebSockets, have no response that ends.
    app.addHook("onRequest", async (request, reply) => {
      const route = routeOf(request);
      open.inc({ route });
      reply.raw.once("close", () => {
        open.dec({ route });
        count(request, reply);
      });
    });
  };
  // Without a room of its own: its hook is for all that comes later.
  return Object.assign(plugin, { [Symbol.for("skip-override")]: true });
}

function countersIn(registers: Registry[]) {
  const total = new Counter({
    name: "slicer_api_requests_total",
    help: "Requests that were answered, by method and HTTP status",
    labelNames: ["method", "code"],
    registers,
  });
  const byRoute = new Counter({
    name: "alcove_http_requests_total",
    help: "Requests that were answered, by route",
    labelNames: ["route", "code"],
    registers,
  });
  const duration = new Histogram({
    name: "slicer_api_request_duration_seconds",
    help: "Time until the last byte of an answer had left; WebSockets are left out",
    labelNames: ["method", "code"],
    buckets: DURATION_BUCKETS_S,
    registers,
  });
  return {
    count(request: FastifyRequest, code: number, seconds: number): void {
      const labels = { method: request.method, code };
      total.inc(labels);
      byRoute.inc({ route: routeOf(request), code });
      if (code !== SWITCHED) duration.observe(labels, seconds);
    },
  };
}

function codeOf(request: FastifyRequest, { raw }: FastifyReply): number {
  if (raw.headersSent) return raw.statusCode;
  return request.ws ? SWITCHED : CLIENT_LEFT;
}

/** Such as `GET /vm/:hostname`; all paths that lead nowhere are one. */
function routeOf({ method, routeOptions }: FastifyRequest): string {
  return routeOptions.url === undefined ? "none" : `${method} ${routeOptions.url}`;
}

/** A group that there is: names that clients invent are no label. */
function groupOf({ params }: FastifyRequest, groups: HostGroups): string {
  const named = typeof params === "object" && params !== null && "group" in params && params.group;
  return groups.all().find(({ name }) => name === named)?.name ?? "unknown";
}
