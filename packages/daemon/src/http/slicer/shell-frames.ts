/**
 * Frames of Slicer's shell: one per WebSocket message, type, big-endian length, payload.
 * Contract A15. A message over 32,768 bytes ends the official client's connection.
 */

import type { TerminalSize } from "#core/ports/guest-link.ts";
import { incompleteTail } from "#lib/utf8.ts";

const DATA = 0x01;
const WINDOW_SIZE = 0x02;
const SHUTDOWN = 0x03;
const SESSION_CLOSE = 0x05;

const HEADER_BYTES = 5;
const MAX_PAYLOAD_BYTES = 16 * 1024;

export type ShellInput =
  | { readonly kind: "data"; readonly bytes: Buffer }
  | { readonly kind: "resize"; readonly size: TerminalSize }
  | { readonly kind: "shutdown" };

/** @returns `undefined` for heartbeats, and for what the contract says to ignore: unknown types, short or damaged frames */
export function parseShellFrame(message: Buffer): ShellInput | undefined {
  if (message.length < HEADER_BYTES) return undefined;
  const length = message.readUInt32BE(1);
  if (length > message.length - HEADER_BYTES) return undefined;
  const payload = message.subarray(HEADER_BYTES, HEADER_BYTES + length);
  if (message[0] === DATA) return { kind: "data", bytes: payload };
  if (message[0] === WINDOW_SIZE && length === 8) return resizeOf(payload);
  if (message[0] === SHUTDOWN) return { kind: "shutdown" };
  return undefined;
}

export const SESSION_CLOSE_FRAME: Buffer = frame(SESSION_CLOSE, Buffer.alloc(0));

/**
 * Cuts terminal output into data frames, never inside a UTF-8 character as long as
 * its rest can still come: clients decode each frame by itself. Bytes stay as they are.
 */
export class DataFrames {
  #held: Uint8Array = new Uint8Array();

  write(bytes: Uint8Array): Buffer[] {
    const all = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    const frames: Buffer[] = [];
    let at = 0;
    while (at < all.length) {
      const piece = all.subarray(at, at + MAX_PAYLOAD_BYTES);
      const whole = piece.subarray(0, piece.length - incompleteTail(piece));
      if (whole.length === 0) break;
      frames.push(frame(DATA, whole));
      at += whole.length;
    }
    this.#held = Uint8Array.from(all.subarray(at));
    return frames;
  }

  end(): Buffer[] {
    return this.#held.length === 0 ? [] : [frame(DATA, this.#held)];
  }
}

function resizeOf(payload: Buffer): ShellInput | undefined {
  const size = { cols: payload.readUInt32BE(0), rows: payload.readUInt32BE(4) };
  const sane = size.cols >= 1 && size.cols <= 10_000 && size.rows >= 1 && size.rows <= 10_000;
  return sane ? { kind: "resize", size } : undefined;
}

function frame(type: number, payload: Uint8Array): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header[0] = type;
  header.writeUInt32BE(payload.length, 1);
  return Buffer.concat([header, payload]);
}
