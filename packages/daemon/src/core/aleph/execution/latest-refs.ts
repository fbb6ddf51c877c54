/** Files that a message takes in their newest version, and the message as it is with those. */

import type { ItemHash } from "../item-hash.ts";
import type { ExecutableContent, FileRef, StoredMessage } from "../message/content.ts";
import type { MessageSource } from "../ports/message-source.ts";

/** Names of the files that a message wants the newest versions of. */
export function followedRefs(content: ExecutableContent): readonly ItemHash[] {
  const followed = fileRefs(content).filter(({ useLatest }) => useLatest);
  return [...new Set(followed.map(({ ref }) => ref))];
}

/** The message as published, with every file that it follows named by its newest version. */
export async function withLatestRefs(
  message: StoredMessage,
  content: ExecutableContent,
  messages: Pick<MessageSource, "latest">,
  signal: AbortSignal,
): Promise<StoredMessage> {
  const newest = new Map<string, ItemHash>();
  for (const ref of followedRefs(content)) {
    const latest = await messages.latest(ref, signal);
    if (latest !== ref) newest.set(ref, latest);
  }
  if (newest.size === 0) return message;
  const resolved = Object.entries(message.content).map(([key, value]) => [
    key,
    FILE_FIELDS.has(key) ? renamed(value, newest, MAX_DEPTH) : value,
  ]);
  return { ...message, content: Object.fromEntries(resolved) };
}

/** fields of a message's content that name files */
const FILE_FIELDS: ReadonlySet<string> = new Set(["rootfs", "volumes", "code", "runtime", "data"]);

/** list, volume, parent: files are named no deeper than that */
const MAX_DEPTH = 3;

function fileRefs(content: ExecutableContent): readonly FileRef[] {
  const volumes = content.volumes.flatMap((volume) => {
    if (volume.kind === "immutable") return [volume.file];
    return volume.kind === "persistent" && volume.parent ? [volume.parent] : [];
  });
  if (content.kind === "instance") return [content.rootfs.parent, ...volumes];
  const { code, runtime, data } = content;
  return [code.file, runtime, ...(data ? [data.file] : []), ...volumes];
}

/** Wherever an object follows a file, its newest name. */
function renamed(value: unknown, newest: ReadonlyMap<string, ItemHash>, depth: number): unknown {
  if (typeof value !== "object" || value === null || depth === 0) return value;
  if (Array.isArray(value)) return value.map((item) => renamed(item, newest, depth - 1));
  const follows = !("use_latest" in value) || value.use_latest !== false;
  const entries = Object.entries(value).map(([key, inner]: [string, unknown]) => {
    if (key !== "ref") return [key, renamed(inner, newest, depth - 1)];
    return [key, follows && typeof inner === "string" ? (newest.get(inner) ?? inner) : inner];
  });
  return Object.fromEntries(entries);
}
