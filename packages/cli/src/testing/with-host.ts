/** The `alcove` command against a host with one VM, `vm-1`. Only for tests. */

import { FakeHost, type FakeHostOptions } from "@alcove/sdk/testing/fake-host.ts";

import { type CliEnd, type CliOptions, alcove } from "./spawned-cli.ts";

/** @param args words with single spaces between them */
export type Run = (args: string, options?: CliOptions) => Promise<CliEnd>;

export async function withHost(
  story: (run: Run, host: FakeHost) => Promise<void>,
  options: FakeHostOptions = {},
): Promise<void> {
  await using host = await FakeHost.open(options);
  host.addVm("vm-1");
  const env = { ALCOVE_URL: host.url };
  await story((args, more = {}) => alcove(args.split(" "), { env, ...more }), host);
}
