/** What a program in the background of a fake guest wrote last: frames within a bound, as the agent's. */

import type { LogContent, LogRecord } from "#core/ports/guest-background.ts";

/** what a frame costs besides its bytes */
const FRAME_COST_BYTES = 64;

export class FakeRing {
  readonly #limitBytes: number;
  #records: LogRecord[] = [];
  #costBytes = 0;
  #nextId = 1;
  writtenBytes = 0;
  droppedBytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  get nextId(): number {
    return this.#nextId;
  }

  push(content: LogContent): void {
    this.#costBytes += FRAME_COST_BYTES + sizeOf(content);
    this.writtenBytes += sizeOf(content);
    while (this.#costBytes > this.#limitBytes) {
      const [oldest] = this.#records.splice(0, 1);
      if (!oldest) break;
      this.#costBytes -= FRAME_COST_BYTES + sizeOf(oldest.content);
      this.droppedBytes += sizeOf(oldest.content);
    }
    this.#records.push({ id: this.#nextId++, at: new Date(), content });
  }

  /** What there is from a frame on: that frame, or a gap up to the oldest. `undefined` while there is none. */
  from(id: number): LogRecord | undefined {
    const first = this.#records[0];
    if (!first || id >= this.#nextId) return undefined;
    if (id >= first.id) return this.#records[id - first.id];
    const { droppedBytes } = this;
    const content = { kind: "gap", droppedBytes, droppedFrames: first.id - id } as const;
    return { id: first.id - 1, at: first.at, content };
  }
}

function sizeOf(content: LogContent): number {
  return "bytes" in content ? content.bytes.length : 0;
}
