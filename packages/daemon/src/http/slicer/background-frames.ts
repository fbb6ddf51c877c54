/** What a program in the background wrote, as Slicer's NDJSON frames with ids. Contract B8. */

import type { BackgroundLogs, LogContent, LogRecord } from "#core/ports/guest-background.ts";

import { encoder, frame, SILENT, type Stdio } from "./exec-frames.ts";

/** @param stdio how output is put into JSON strings, as it was asked for when the program was started */
export async function* logFrames(logs: BackgroundLogs, stdio: Stdio): AsyncGenerator<string> {
  const encoders = { stdout: encoder(stdio), stderr: encoder(stdio) };
  const encoding = stdio === "base64" ? { encoding: "base64" } : {};
  const { pid } = logs;
  for await (const record of logs.records) {
    const { id, at: timestamp, content } = record;
    const common = { timestamp, id, type: content.kind, ...SILENT };
    if ("bytes" in content) {
      // A character that is cut in two comes whole with the next frame; each frame has its line.
      const text = encoders[content.kind].write(content.bytes);
      yield frame({ ...common, [content.kind]: text, exit_code: 0, ...encoding });
    } else if (content.kind === "started") {
      yield frame({ ...common, pid: content.pid, started_at: timestamp, exit_code: 0 });
    } else if (content.kind === "exit") {
      const { exitCode: exit_code, signal } = content;
      const end = { pid, ended_at: timestamp, exit_code };
      yield frame({ ...common, ...end, ...(signal === undefined ? {} : { signal }) });
    } else {
      yield frame({ ...common, ...gapIn(record, content) });
    }
  }
}

function gapIn({ id }: LogRecord, gap: Extract<LogContent, { kind: "gap" }>): object {
  const { droppedBytes: dropped_bytes, droppedFrames: dropped_frames } = gap;
  const message = `frames up to ${id} are not kept any more: the output was larger than the ring`;
  return { dropped_bytes, dropped_frames, message, exit_code: 0 };
}
