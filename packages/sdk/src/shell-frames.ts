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
  /** a view of the message */
  readonly payload: Uint8Array;
}

/** Longest payload that is sent in one frame, in bytes; relays cut off messages above 32 KiB. */
export const DATA_LIMIT_BYTES: number = 16 * 1024;

const HEADER_BYTES = 5;
const TYPES = new Set<number>(Object.values(SHELL_FRAME));

export function encodeShellFrame(
  type: ShellFrameType,
  payload: Uint8Array = new Uint8Array(),
): Uint8Array {
  const message = new Uint8Array(HEADER_BYTES + payload.length);
  const view = new DataView(message.buffer);
  view.setUint8(0, type);
  view.setUint32(1, payload.length);
  message.set(payload, HEADER_BYTES);
  return message;
}

export function encodeWindowSize(cols: number, rows: number): Uint8Array {
  const payload = new Uint8Array(8);
  const view = new DataView(payload.buffer);
  view.setUint32(0, cols);
  view.setUint32(4, rows);
  return encodeShellFrame(SHELL_FRAME.windowSize, payload);
}

/** Cuts terminal input into frames that every relay lets through. */
export function* encodeData(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += DATA_LIMIT_BYTES) {
    yield encodeShellFrame(SHELL_FRAME.data, bytes.subarray(at, at + DATA_LIMIT_BYTES));
  }
}

/** @returns `undefined` for what the protocol says to ignore: short, overlong or unknown frames */
export function decodeShellFrame(message: Uint8Array): ShellFrame | undefined {
  if (message.length < HEADER_BYTES) return undefined;
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const type = view.getUint8(0);
  const length = view.getUint32(1);
  if (!isType(type) || length > message.length - HEADER_BYTES) return undefined;
  return { type, payload: message.subarray(HEADER_BYTES, HEADER_BYTES + length) };
}

function isType(type: number): type is ShellFrameType {
  return TYPES.has(type);
}
