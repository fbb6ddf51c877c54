/** A file or a directory of a VM, to a local path or to standard output. */

import { download } from "@alcove/sdk/node/download.ts";
import { counted } from "@alcove/sdk/node/local-copy.ts";

import type { GuestEnd, LocalEnd, StreamEnd } from "./copy-end.ts";
import type { CopyJob } from "./copy-job.ts";
import { writeOut } from "./write-out.ts";

export async function copyOutOfVm(
  { client, flags, watcher, signal }: CopyJob,
  from: GuestEnd,
  to: LocalEnd | StreamEnd,
): Promise<void> {
  const { hostname, path: guest } = from;
  if (to.kind === "local") {
    const ends = { hostname, local: to.path, guest };
    return await download(client, ends, { ...flags, ...watcher }, signal);
  }
  const { mode = "binary", exclude = [] } = flags;
  const copy = await client.copyOut(hostname, { path: guest, mode, exclude }, signal);
  for await (const chunk of counted(copy.content, watcher.onBytes)) {
    await writeOut(process.stdout, chunk, signal);
  }
}
