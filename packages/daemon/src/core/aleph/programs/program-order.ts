/** From what a PROGRAM message says to what is done in its guest: every file found. */

import { CODE_DIRECTORY } from "../execution/machine-order.ts";
import type { ItemHash } from "../item-hash.ts";
import type { ProgramContent } from "../message/content.ts";
import type { MessageSource } from "../ports/message-source.ts";
import type { PackedFiles, ProgramOrder } from "../ports/program-room.ts";

type Files = Pick<MessageSource, "file">;

/** @throws Refusal `not found` for a file that nobody has */
export async function programOrder(
  vmHash: ItemHash,
  content: ProgramContent,
  messages: Files,
  signal: AbortSignal,
): Promise<ProgramOrder> {
  const { code, data, variables } = content;
  const { encoding, entrypoint, args } = code;
  return {
    vmHash,
    code: {
      encoding,
      path: await messages.file(code.file.ref, signal),
      mount: CODE_DIRECTORY,
      entrypoint,
      interface: code.interface,
      args,
    },
    data: await dataFiles(data, messages, signal),
    variables,
  };
}

async function dataFiles(
  data: ProgramContent["data"],
  messages: Files,
  signal: AbortSignal,
): Promise<PackedFiles | undefined> {
  if (!data || data.encoding === "squashfs") return undefined;
  const path = await messages.file(data.file.ref, signal);
  return { encoding: data.encoding, path, mount: data.mount };
}
