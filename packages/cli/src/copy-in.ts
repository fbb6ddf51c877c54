/** A local file, a local directory or standard input, into a VM. */

import { stat } from "node:fs/promises";

import { counted } from "@alcove/sdk/node/local-copy.ts";
import { upload } from "@alcove/sdk/node/upload.ts";

import type { GuestEnd, LocalEnd, StreamEnd } from "./copy-end.ts";
import type { CopyJob } from "./copy-job.ts";
import { ignoredIn } from "./ignore-files.ts";

export async function copyIntoVm(
  { client, flags, watcher, signal }: CopyJob,
  from: LocalEnd | StreamEnd,
  to: GuestEnd,
): Promise<void> {
  const { hostname, path: guest } = to;
  const { ignoreFiles, exclude = [], ...how } = flags;
  if (from.kind === "stream") {
    const target = { ...how, path: guest, mode: how.mode ?? "binary" };
    const content: AsyncIterable<Uint8Array> = process.stdin;
    return await client.copyIn(hostname, target, counted(content, watcher.onBytes), signal);
  }
  const isDirectory = await stat(from.path).then(
    (stats) => stats.isDirectory(),
    () => false, // whoever copies it says what is wrong with it
  );
  const ignored = isDirectory && ignoreFiles !== false ? await ignoredIn(from.path) : [];
  const options = { ...how, ...watcher, exclude: [...exclude, ...ignored] };
  await upload(client, { hostname, local: from.path, guest }, options, signal);
}
