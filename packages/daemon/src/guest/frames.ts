/**
 * Bytes ⇄ frames of the guest protocol (docs/guest-protocol.md, section 1).
 *
 * Pure and bounded: whatever the guest sends, a decoder holds at most one
 * payload, and what it does not understand is a `BrokenStream`, nothing else.
 * Payloads of DATA and DATA_ERR are never assembled: they are handed on as
 * parts of the chunks they came in, so a long copy costs no copying here.
 */

export const HEADER_BYTES = 8;
export const MAX_PAYLOAD_BYTES = 65_536;
/** more zeros than any unfinished frame can swallow */
export const RESYNC_PADDING_BYTES = MAX_PAYLOAD_BYTES + HEADER_BYTES;

const TYPES = {
  HELLO: 0x01,
  WELCOME: 0x02,
  OPEN: 0x03,
  EVENT: 0x04,
  DATA: 0x05,
  DATA_ERR: 0x06,
  END: 0x07,
  CREDIT: 0x08,
  CONTROL: 0x09,
  CLOSE: 0x0a,
  CANCEL: 0x0b,
  PING: 0x0c,
  PONG: 0x0d,
  AWAKE: 0x0e,
} as const;

export type FrameType = keyof typeof TYPES;

export interface Frame {
  readonly type: FrameType;
  /** 0 is the connection itself */
  readonly stream: number;
  /** for DATA and DATA_ERR: a part of the payload; for all others the whole of it */
  readonly payload: Uint8Array;
}

/** What came cannot be frames; nothing that follows it can be trusted. */
export class BrokenStream extends Error {
  override readonly name = "BrokenStream";
}

const NAME_OF: ReadonlyMap<number, FrameType> = namesByNumber();
const NOTHING = new Uint8Array(0);

/** Takes chunks as they come; hands over frames as soon as they are complete. */
export class FrameDecoder {
  readonly #accept: (frame: Frame) => void;
  readonly #header = new Uint8Array(HEADER_BYTES);
  #headerBytes = 0;
  #type: FrameType | undefined;
  #stream = 0;
  #missingBytes = 0;
  /** where a payload that did not come in one chunk is put together */
  #assembly: Uint8Array | undefined;
  #padding = 0;

  constructor(accept: (frame: Frame) => void) {
    this.#accept = accept;
  }

  /** bytes of padding seen since the last call */
  takePaddingCount(): number {
    const count = this.#padding;
    this.#padding = 0;
    return count;
  }

  /**
   * Frames may be parts of the chunk: whoever needs them later copies them.
   * Throws `BrokenStream`, and what `accept` throws; the decoder is then of no more use.
   */
  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      at = this.#type === undefined ? this.#readHeader(chunk, at) : this.#readPayload(chunk, at);
    }
  }

  #readHeader(chunk: Uint8Array, start: number): number {
    let at = start;
    if (this.#headerBytes === 0) {
      while (chunk[at] === 0) at += 1;
      this.#padding += at - start;
    }
    const end = Math.min(chunk.length, at + HEADER_BYTES - this.#headerBytes);
    for (; at < end; at += 1) {
      this.#header[this.#headerBytes] = chunk[at] ?? 0;
      this.#headerBytes += 1;
    }
    if (this.#headerBytes === HEADER_BYTES) this.#begin();
    return at;
  }

  #begin(): void {
    const [type = 0, s0 = 0, s1 = 0, s2 = 0, s3 = 0, l0 = 0, l1 = 0, l2 = 0] = this.#header;
    const name = NAME_OF.get(type);
    const length = l0 | (l1 << 8) | (l2 << 16);
    if (name === undefined) throw new BrokenStream(`unknown frame type ${type}`);
    if (length > MAX_PAYLOAD_BYTES) throw new BrokenStream(`a ${name} frame of ${length} bytes`);
    this.#headerBytes = 0;
    this.#stream = (s0 | (s1 << 8) | (s2 << 16) | (s3 << 24)) >>> 0;
    if (length === 0) {
      this.#accept({ type: name, stream: this.#stream, payload: NOTHING });
      return;
    }
    this.#type = name;
    this.#missingBytes = length;
  }

  #readPayload(chunk: Uint8Array, at: number): number {
    const part = chunk.subarray(at, at + this.#missingBytes);
    if (this.#type === "DATA" || this.#type === "DATA_ERR") {
      this.#missingBytes -= part.length;
      this.#deliver(part);
    } else if (this.#assembly === undefined && part.length === this.#missingBytes) {
      this.#missingBytes = 0;
      this.#deliver(part);
    } else {
      this.#assemble(part);
    }
    return at + part.length;
  }

  #assemble(part: Uint8Array): void {
    this.#assembly ??= new Uint8Array(this.#missingBytes);
    this.#assembly.set(part, this.#assembly.length - this.#missingBytes);
    this.#missingBytes -= part.length;
    if (this.#missingBytes > 0) return;
    const payload = this.#assembly;
    this.#assembly = undefined;
    this.#deliver(payload);
  }

  #deliver(payload: Uint8Array): void {
    const type = this.#type;
    if (type === undefined) throw new Error("invariant: a payload belongs to a frame");
    if (this.#missingBytes === 0) this.#type = undefined;
    this.#accept({ type, stream: this.#stream, payload });
  }
}

/** The 8 bytes before a payload. */
export function encodeHeader(type: FrameType, stream: number, payloadBytes: number): Buffer {
  const header = Buffer.allocUnsafe(HEADER_BYTES);
  writeHeader(header, { type, stream }, payloadBytes);
  return header;
}

/** A whole frame in one buffer; for payloads that are small enough to be copied. */
export function encodeFrame(
  type: FrameType,
  stream: number,
  payload: Uint8Array = NOTHING,
): Buffer {
  if (payload.length > MAX_PAYLOAD_BYTES) {
    throw new Error(`invariant: a ${type} payload of ${payload.length} bytes`);
  }
  const frame = Buffer.allocUnsafe(HEADER_BYTES + payload.length);
  writeHeader(frame, { type, stream }, payload.length);
  frame.set(payload, HEADER_BYTES);
  return frame;
}

function writeHeader(into: Buffer, of: Pick<Frame, "type" | "stream">, payloadBytes: number): void {
  into.writeUInt8(TYPES[of.type], 0);
  into.writeUInt32LE(of.stream, 1);
  into.writeUIntLE(payloadBytes, 5, 3);
}

function namesByNumber(): Map<number, FrameType> {
  const names = Object.keys(TYPES).filter((name) => isType(name));
  return new Map(names.map((name) => [TYPES[name], name]));
}

function isType(name: string): name is FrameType {
  return Object.hasOwn(TYPES, name);
}
