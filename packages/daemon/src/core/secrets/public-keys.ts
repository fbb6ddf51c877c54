/** Public SSH keys as they stand in `authorized_keys`, without options. */

const TYPES: ReadonlySet<string> = new Set([
  "ssh-ed25519",
  "ssh-rsa",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "sk-ssh-ed25519@openssh.com",
  "sk-ecdsa-sha2-nistp256@openssh.com",
]);

/** nothing that ends a line or moves a cursor */
const COMMENT = /^\P{Cc}*$/u;

/** @returns whether a line is a key and nothing else: its type, and a blob that begins with the same type */
export function isPublicKey(line: string): boolean {
  const [, type = "", blob = "", comment = ""] =
    /^(\S+) ([A-Za-z0-9+/]+={0,2})(?: (.*))?$/.exec(line) ?? [];
  return TYPES.has(type) && typeIn(Buffer.from(blob, "base64")) === type && COMMENT.test(comment);
}

/** The keys among the lines of a text; everything else is left out. */
export function publicKeysIn(text: string): readonly string[] {
  const lines = text.split("\n").map((line) => line.trim());
  return [...new Set(lines.filter(isPublicKey))];
}

/** The blob is a list of strings, each after its length; the first is the type. */
function typeIn(blob: Buffer): string | undefined {
  if (blob.length < 4) return undefined;
  const length = blob.readUInt32BE(0);
  return blob.length > 4 + length ? blob.toString("latin1", 4, 4 + length) : undefined;
}
