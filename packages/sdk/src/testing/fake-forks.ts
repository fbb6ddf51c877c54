/** The endpoint of live forks. Only for tests. */

import { bodyOf, type Call, json } from "./fake-answer.ts";

export function answerFork(call: Call, source: string): void {
  const { count = 1, tags = [], wait, persistent = false } = bodyOf(call);
  const children = Array.from({ length: Number(count) }, (_, index) => {
    const hostname = `${source}-child-${index + 1}`;
    const receipt = wait === "none" ? {} : { receipt: receiptOf(hostname) };
    return { hostname, ip: `10.0.0.${index + 1}`, tags, persistent, ...receipt };
  });
  json(call.response, 200, { source, pause_ms: 12.5, children, failures: [] });
}

function receiptOf(hostname: string): object {
  return {
    rng: "reseeded",
    clock_step_ns: "0",
    hostname,
    machine_id: "0123456789abcdef0123456789abcdef",
    ssh_host_keys: "none",
    connections_cut: 0,
  };
}
