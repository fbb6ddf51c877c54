/** Images for the fake hypervisor: any name resolves, and there is nothing behind it. */

import type { ImageStore, ResolvedImage } from "#core/ports/image-store.ts";
import { GIB } from "#lib/bytes.ts";

export const fakeImages: ImageStore = {
  resolve: async (reference) => fakeImage(reference),
  list: async () => [],
  remove: async () => {
    throw new Error("invariant: fake images are not stored, so none can be removed");
  },
};

function fakeImage(name: string): ResolvedImage {
  const nowhere = `/nonexistent/${name}`;
  return {
    id: "0".repeat(64),
    name,
    kernel: {
      id: "0".repeat(64),
      name: "fake",
      release: "0",
      path: nowhere,
      initramfsPath: undefined,
      args: [],
    },
    rootfs: { path: nowhere, format: "raw", filesystem: "none", virtualSizeBytes: GIB },
    init: "alcove",
    agentVersion: "fake",
    defaultUser: undefined,
  };
}
