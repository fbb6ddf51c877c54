/** The lines of a background command's log, made into frames. */

import { type ExitFrame, exitFrom, framesIn, integerIn, isLast, textIn } from "./exec-frames.ts";
import type { Line, OutputFrame, StartedFrame } from "./exec-frames.ts";
import type { Codec } from "./wire.ts";

/** Output that the ring no longer has. */
export interface GapFrame {
  readonly type: "gap";
  readonly droppedBytes: number;
  readonly droppedFrames: number;
  readonly message: string;
}

/** `id` counts the frames of one command from 1. */
export type BackgroundFrame<B extends Uint8Array = Uint8Array> = {
  readonly id: number;
} & (StartedFrame | OutputFrame<B> | ExitFrame | GapFrame);

export function* backgroundFrames<B extends Uint8Array>(
  line: Line,
  codec: Codec<B>,
): Generator<BackgroundFrame<B>> {
  const id = integerIn(line["id"]) ?? 0;
  if (line["type"] === "gap") {
    yield {
      id,
      type: "gap",
      droppedBytes: integerIn(line["dropped_bytes"]) ?? 0,
      droppedFrames: integerIn(line["dropped_frames"]) ?? 0,
      message: textIn(line["message"]) ?? "",
    };
    return;
  }
  for (const frame of framesIn(line, codec)) yield { id, ...frame };
  const code = integerIn(line["exit_code"]) ?? 0;
  if (isLast(line, code)) yield { id, ...exitFrom(line, code) };
}
