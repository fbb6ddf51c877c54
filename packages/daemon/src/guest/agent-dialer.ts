/** Opens the agent channel of a machine: connects, agrees on a session, wraps it as a `GuestLink`. */

import type { Duplex } from "node:stream";

import type { Clock } from "#core/ports/clock.ts";
import { type GuestDialer, type GuestLink, SessionLost } from "#core/ports/guest-link.ts";
import { pause } from "#lib/patience.ts";

import { AgentLink } from "./agent-link.ts";
import { BrokenStream } from "./frames.ts";
import { ChannelClosed } from "./handshake.ts";
import { Session, type SessionTerms } from "./session.ts";
import { connectUnixSocket } from "./transports/unix-socket.ts";

/** 64 streams that nobody reads hold 16 MiB of one guest's data, and 6 more (`wide-windows.ts`) */
const WINDOW_BYTES = 256 * 1024;
const TICK_MS = 1_000;
const REDIAL_PAUSE_MS = 20;

export interface DialerDeps {
  readonly clock: Clock;
  /** length of a liveness tick in `ms`; default 1,000, shorter in tests */
  readonly tickMs?: number;
}

export class AgentDialer implements GuestDialer {
  readonly #terms: SessionTerms;

  constructor({ clock, tickMs = TICK_MS }: DialerDeps) {
    this.#terms = { windowBytes: WINDOW_BYTES, now: () => clock.now(), tickMs };
  }

  /**
   * A channel that does not exist yet, or closes before the agent has answered, is tried again until
   * `signal` aborts. Rejects with its reason, with `SessionLost` when what answers is no agent, or
   * with an `AlcoveError` when the agent speaks another protocol.
   * @param endpoint path of the channel's Unix socket
   */
  async dial(endpoint: string, signal: AbortSignal): Promise<GuestLink> {
    for (;;) {
      const socket = await connectUnixSocket(endpoint, signal);
      const session = await this.#agree(socket, signal);
      if (session) return new AgentLink(session);
      await pause(REDIAL_PAUSE_MS, signal);
    }
  }

  /** @returns `undefined` when the channel closed before there was an answer */
  async #agree(socket: Duplex, signal: AbortSignal): Promise<Session | undefined> {
    try {
      return await Session.open(socket, this.#terms, signal);
    } catch (error) {
      socket.on("error", () => undefined); // it is being thrown away
      socket.destroy();
      if (error instanceof ChannelClosed) return undefined;
      if (!(error instanceof BrokenStream)) throw error;
      throw new SessionLost("what answers is no agent of ours", { cause: error });
    }
  }
}
