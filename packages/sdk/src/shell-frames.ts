/**
 * The frames of a shell session: one byte of type, four bytes of length (big-endian), payload; one
 * frame per WebSocket message. Pure: bytes in, frames out.
 */

export const SHELL_FRAME = {
  data: 0x01,
  windowSize: 0x02,
  shutdown: 0x03,
  heartbeat: 0x04,
  sessionClose: 0x05,
} as const;

export type ShellFrameType = (typeof SHELL_FRAME)[keyof typeof SHELL_FRAME];

export interface ShellFrame {
  readonly type: ShellFrameType;
  readonly payload: Buffer;
}

/** Longest payload that is sent in one frame, in bytes; relays cut off messages above 32 KiB. */
export const DATA_LIMIT_BYTES: number = 16 * 1024;

const HEADER_BYTES = 5;
const TYPES = new Set<number>(Object.values(SHELL_FRAME));

export function encodeShellFrame(
  type: ShellFrameType,
  payload: Uint8Array = Buffer.alloc(0),
): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt8(type, 0);
  header.writeUInt32BE(payload.length, 1);
  return Buffer.concat([header, payload]);
}

export function encodeWindowSize(cols: number, rows: number): Buffer {
  const payload = Buffer.alloc(8);
  payload.writeUInt32BE(cols, 0);
  payload.writeUInt32BE(rows, 4);
  return encodeShellFrame(SHELL_FRAME.windowSize, payload);
}

/** Cuts terminal input into frames that every relay lets through. */
export function* encodeData(bytes: Uint8Array): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += DATA_LIMIT_BYTES) {
    yield encodeShellFrame(SHELL_FRAME.data, bytes.subarray(at, at + DATA_LIMIT_BYTES));
  }
}

/** @returns `undefined` for what the protocol says to ignore: short, overlong or unknown frames */
export function decodeShellFrame(message: Uint8Array): ShellFrame | undefined {
  const buffer = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
  if (buffer.length < HEADER_BYTES) return undefined;
  const type = buffer.readUInt8(0);
  const length = buffer.readUInt32BE(1);
  if (!isType(type) || length > buffer.length - HEADER_BYTES) return undefined;
  return { type, payload: buffer.subarray(HEADER_BYTES, HEADER_BYTES + length) };
}

function isType(type: number): type is ShellFrameType {
  return TYPES.has(type);
}
