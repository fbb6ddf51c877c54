/** ip(8) and nft(8): many changes in one process each. */

import { run } from "#process/run.ts";

const TIMEOUT_MS = 10_000;

/** Carries out lines for ip(8) in order; the first that fails ends it. */
export async function ipBatch(lines: readonly string[], signal: AbortSignal): Promise<void> {
  await tool({ file: "ip", args: ["-batch", "-"], input: joined(lines) }, signal);
}

/** Carries out all lines that can be; rejects afterwards when one failed. */
export async function ipBatchForced(lines: readonly string[], signal: AbortSignal): Promise<void> {
  await tool({ file: "ip", args: ["-force", "-batch", "-"], input: joined(lines) }, signal);
}

/** Loads rules: all of them or none. */
export async function nft(rules: string, signal: AbortSignal): Promise<void> {
  await tool({ file: "nft", args: ["-f", "-"], input: rules }, signal);
}

/**
 * Lines for ip(8) and then rules inside a network namespace, which also begins to forward.
 * None of the three may come from anybody but us: they pass through a shell.
 * @param namespace its path
 */
export async function inNamespace(
  namespace: string,
  work: { readonly ip: readonly string[]; readonly rules: string },
  signal: AbortSignal,
): Promise<void> {
  const script = `set -e
echo 1 > /proc/sys/net/ipv4/ip_forward
if [ -e /proc/sys/net/ipv6/conf/all/forwarding ]; then echo 1 > /proc/sys/net/ipv6/conf/all/forwarding; fi
ip -batch - <<'END'
${joined(work.ip)}END
nft -f - <<'END'
${work.rules}END
`;
  const args = [`--net=${namespace}`, "--", "/bin/sh", "-s"];
  await tool({ file: "nsenter", args, input: script }, signal);
}

function joined(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}

async function tool(
  spec: { readonly file: string; readonly args: readonly string[]; readonly input: string },
  signal: AbortSignal,
): Promise<void> {
  await run(spec, AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]));
}
