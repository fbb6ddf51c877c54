/** Sizes in bytes, and how people read them. */
export const KIB = 1024;
export const MIB = 1024 * KIB;
export const GIB = 1024 * MIB;

/** "1.5 GiB"; for messages, never for programs */
export function humanBytes(bytes: number): string {
  if (bytes >= GIB) return `${trimmed(bytes / GIB)} GiB`;
  if (bytes >= MIB) return `${trimmed(bytes / MIB)} MiB`;
  if (bytes >= KIB) return `${trimmed(bytes / KIB)} KiB`;
  return `${bytes} bytes`;
}

function trimmed(value: number): string {
  return Number(value.toFixed(1)).toString();
}
