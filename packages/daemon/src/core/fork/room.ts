/** Room on the host for children of a fork, held from before anything is touched until each is admitted by itself. */

import type { Share } from "../host/capacity.ts";
import type { Admissions } from "../vm/admissions.ts";

export class Room implements Disposable {
  readonly #shares: Disposable[] = [];

  get size(): number {
    return this.#shares.length;
  }

  hold(share: Disposable): void {
    this.#shares.push(share);
  }

  /** Lets go of one child's share: it is admitted next. */
  give(): void {
    this.#shares.pop()?.[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    while (this.#shares.length > 0) this.give();
  }
}

/** All of it or nothing. @throws AlcoveError `no_capacity` */
export async function roomFor(
  admissions: Admissions,
  { share, count }: { readonly share: Share; readonly count: number },
  signal: AbortSignal,
): Promise<Room> {
  using undo = new DisposableStack();
  const room = undo.use(new Room());
  while (count > room.size) room.hold(await admissions.hold(share, signal));
  undo.move();
  return room;
}
