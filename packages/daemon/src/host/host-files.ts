/** Files of this host, to be read from their beginning to their end. */

import { open } from "node:fs/promises";

import type { HostFile, HostFiles } from "#core/aleph/ports/host-files.ts";

export const hostFiles: HostFiles = {
  async open(path): Promise<HostFile> {
    const handle = await open(path, "r");
    const close = async () => await handle.close();
    const facts = await handle.stat();
    if (!facts.isFile()) {
      await close();
      throw new Error(`${path} is no plain file`);
    }
    return {
      sizeBytes: facts.size,
      content: handle.createReadStream({ autoClose: false }),
      [Symbol.asyncDispose]: close,
    };
  },
};
