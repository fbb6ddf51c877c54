/** The `alcove` command against an Aleph node, with a home of its own. Only for tests. */

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { FakeNode, type Gate, NODE_TOKEN, OWNER_SECRET } from "./fake-node.ts";
import { type CliEnd, type CliOptions, alcove } from "./spawned-cli.ts";

export interface NodeStory {
  readonly node: FakeNode;
  /** a directory that goes away */
  readonly dir: string;
  /** the wallet's private key, in a file that is the user's alone */
  readonly keyFile: string;
  /** asks as whoever is signed in. @param args words with single spaces between them */
  readonly run: (args: string, options?: CliOptions) => Promise<CliEnd>;
  /** asks with the administrator's token */
  readonly asAdmin: (args: string, options?: CliOptions) => Promise<CliEnd>;
}

export async function withNode(
  gate: Gate,
  story: (given: NodeStory) => Promise<void>,
): Promise<void> {
  await using node = await FakeNode.open(gate);
  const dir = await mkdtemp(path.join(tmpdir(), "alcove-aleph-"));
  try {
    const keyFile = path.join(dir, "wallet");
    await writeFile(keyFile, Buffer.from(OWNER_SECRET, "hex"), { mode: 0o600 });
    const env = { ALCOVE_ALEPH_URL: node.url, HOME: dir };
    const asker =
      (more: Readonly<Record<string, string>>) =>
      (args: string, { stdin, env: own }: CliOptions = {}): Promise<CliEnd> =>
        alcove(["aleph", ...args.split(" ")], {
          env: { ...env, ...more, ...own },
          ...(stdin === undefined ? {} : { stdin }),
        });
    const asAdmin = asker({ ALCOVE_ALEPH_TOKEN: NODE_TOKEN });
    await story({ node, dir, keyFile, run: asker({}), asAdmin });
  } finally {
    await rm(dir, { recursive: true });
  }
}
