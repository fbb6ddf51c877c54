/** Frames of a command as the client gives them: output as text and as bytes. */

import type { BackgroundFrame as RawBackgroundFrame } from "../background-frames.ts";
import type { ExecFrame as RawExecFrame } from "../exec-frames.ts";

/** Which fields are there depends on `type`. */
export interface ExecFrame<B extends Uint8Array = Uint8Array> {
  readonly type: "started" | "stdout" | "stderr" | "exit";
  /** of `started` */
  readonly pid?: number;
  /** of `stdout`, as UTF-8: a character cut in two comes whole with the later piece */
  readonly stdout?: string;
  readonly stdoutBytes?: B;
  /** of `stderr` */
  readonly stderr?: string;
  readonly stderrBytes?: B;
  /** of `exit`: 128+n when a signal ended it; 126 or 127 when it could not be started */
  readonly exitCode?: number;
  /** of `exit`: the signal that ended it */
  readonly signal?: string;
  /** of `exit`: why it could not be started, or how it went on is not known */
  readonly error?: string;
}

/** Of a background command; a `gap` says what its ring no longer has. */
export interface BackgroundFrame<B extends Uint8Array = Uint8Array> extends Omit<
  ExecFrame<B>,
  "type"
> {
  readonly type: ExecFrame["type"] | "gap";
  /** counts the frames of one command from 1; `fromId` takes it */
  readonly id: number;
  readonly droppedBytes?: number;
  readonly droppedFrames?: number;
  readonly message?: string;
}

/** Adds the text to output, which needs to know what came before. */
export class OutputText {
  readonly #decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };

  exec<B extends Uint8Array>(frame: RawExecFrame<B>): ExecFrame<B> {
    if (frame.type !== "stdout" && frame.type !== "stderr") return frame;
    const { type, bytes } = frame;
    const text = this.#decoders[type].decode(bytes, { stream: true });
    return type === "stdout"
      ? { type, stdout: text, stdoutBytes: bytes }
      : { type, stderr: text, stderrBytes: bytes };
  }

  background<B extends Uint8Array>(frame: RawBackgroundFrame<B>): BackgroundFrame<B> {
    if (frame.type === "gap") return frame;
    const { id, ...rest } = frame;
    return { id, ...this.exec<B>(rest) };
  }
}
