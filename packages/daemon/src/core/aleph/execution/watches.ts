/** What executions look after for as long as the daemon lives: what was left to it, their machines, their messages. */

import { every } from "#lib/every.ts";

import type { ExecutionsDeps, Machinery } from "./machinery.ts";
import { PaymentWatch, type PaymentWatchDesk } from "./payment-watch.ts";
import { SourceWatch, type SourceWatchDesk } from "./source-watch.ts";
import { takeUp } from "./take-up.ts";

/** Takes up what an earlier daemon left, and watches from then on until disposed: work that is under way is given up then. */
export function keepWatch(
  machinery: Machinery,
  { room, messages, payments, paymentCheckMs, log }: ExecutionsDeps,
  desk: SourceWatchDesk & PaymentWatchDesk,
): AsyncDisposable {
  const { register, background, upkeep, changes } = machinery;
  register.load();
  const watches = new AsyncDisposableStack();
  watches.use(background);
  const source = new SourceWatch(desk, messages, log);
  const onSourceChange = messages.onChange((change) =>
    background.begin("aleph.change_not_followed", (life) => source.follow(change, life)),
  );
  const onRoomChange = room.onChange((vmHash) => {
    upkeep.lookAt(vmHash);
    changes.announce(vmHash);
  });
  watches.use(onSourceChange);
  watches.use(onRoomChange);
  const paid = new PaymentWatch(desk, payments, log);
  watches.use(
    every(paymentCheckMs, () =>
      background.done("aleph.payments_unseen", (life) => paid.look(life)),
    ),
  );
  background.begin("aleph.not_taken_up", async (life) => {
    await takeUp({ ...machinery, room, log }, life);
    await source.catchUp(life);
    log.info("aleph.taken_up", { known: register.all().length });
  });
  return watches;
}
