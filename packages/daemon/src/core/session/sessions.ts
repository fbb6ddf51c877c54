/**
 * Sessions: what a browser has in place of the token once it has signed in. The browser keeps an id,
 * the daemon keeps what that id becomes under the token: a database that is read gives nobody a
 * session, and another token ends all of them.
 */

import { createHmac, randomBytes } from "node:crypto";

import { AlcoveError } from "../errors.ts";
import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import type { SessionStore, StoredSession } from "../ports/session-store.ts";

/** how long one lasts that is not used, in ms */
export const SESSION_IDLE_MS = 12 * 3_600_000;
/** how long one lasts however much it is used, in ms */
export const SESSION_MAX_MS = 7 * 24 * 3_600_000;
/** sessions at a time; one more ends the one that would have ended first */
export const MAX_SESSIONS = 256;
const ID_BYTES = 32;
/** after a session's end, until what goes on in it is cut off, in ms: pages of ours have left by themselves by then */
export const CUT_AFTER_MS = 1_000;

/**
 * From where a session was opened, and the only place where it is good. Browsers send the cookies of
 * `localhost` to every port of it, those of forwarded guests included: whoever reads one there can use
 * it only through this machine's own loopback.
 */
export type Place = "loopback" | "network";

export interface OpenedSession {
  /** for the browser alone */
  readonly id: string;
  readonly expiresAt: Date;
}

interface GoingOn {
  /** how to end it */
  readonly ends: Set<() => void>;
  untilOver: NodeJS.Timeout;
}

export interface SessionsDeps {
  readonly store: SessionStore;
  readonly clock: Clock;
  readonly log: Log;
}

export class Sessions {
  readonly #deps: SessionsDeps;
  readonly #token: string;
  readonly #byKey: Map<string, StoredSession>;
  /** what goes on in a session, by its key */
  readonly #goingOn = new Map<string, GoingOn>();

  /** @param token the daemon's */
  constructor(deps: SessionsDeps, token: string) {
    this.#deps = deps;
    this.#token = token;
    this.#byKey = new Map(deps.store.all().map((session) => [session.key, session]));
  }

  open(place: Place): OpenedSession {
    this.#makeRoom();
    const id = randomBytes(ID_BYTES).toString("base64url");
    const createdAt = this.#deps.clock.now();
    const expiresAt = new Date(createdAt.getTime() + SESSION_IDLE_MS);
    this.#keep({ key: this.#keyOf(id, place), createdAt, expiresAt });
    return { id, expiresAt };
  }

  /** @returns the session, unless it has ended or is none of this place */
  find(id: string, place: Place): StoredSession | undefined {
    const session = this.#byKey.get(this.#keyOf(id, place));
    return session && session.expiresAt > this.#deps.clock.now() ? session : undefined;
  }

  /** One that has used half of its time gets more of it. @returns how it is now */
  renew(session: StoredSession): StoredSession {
    const now = this.#deps.clock.now().getTime();
    if (session.expiresAt.getTime() - now > SESSION_IDLE_MS / 2) return session;
    const end = Math.min(now + SESSION_IDLE_MS, session.createdAt.getTime() + SESSION_MAX_MS);
    if (end <= session.expiresAt.getTime()) return session;
    const renewed = { ...session, expiresAt: new Date(end) };
    this.#keep(renewed);
    return renewed;
  }

  /** Ends it, and a moment later what goes on in it. */
  end({ key }: StoredSession): void {
    this.#byKey.delete(key);
    this.#deps.store.remove(key);
    const there = this.#goingOn.get(key);
    if (!there) return;
    this.#goingOn.delete(key);
    clearTimeout(there.untilOver);
    setTimeout(() => there.ends.forEach((end) => end()), CUT_AFTER_MS).unref();
  }

  /**
   * Something goes on in a session, such as a stream without an end of its own.
   * @param end called when the session has been ended or its time is over, which a page that streams puts off
   * @returns to be called when it is over by itself
   */
  whileOpen(session: StoredSession, end: () => void): () => void {
    const { key } = session;
    const there = this.#goingOn.get(key) ?? { ends: new Set(), untilOver: this.#atEndOf(session) };
    this.#goingOn.set(key, there);
    there.ends.add(end);
    return () => {
      there.ends.delete(end);
      if (there.ends.size > 0 || this.#goingOn.get(key) !== there) return;
      clearTimeout(there.untilOver);
      this.#goingOn.delete(key);
    };
  }

  /** Its time may have been made longer until then. */
  #atEndOf({ key, expiresAt }: StoredSession): NodeJS.Timeout {
    const leftMs = Math.max(0, expiresAt.getTime() - this.#deps.clock.now().getTime());
    const look = () => {
      const there = this.#goingOn.get(key);
      const session = this.#byKey.get(key);
      if (!there || !session) return;
      if (session.expiresAt <= this.#deps.clock.now()) this.end(session);
      else there.untilOver = this.#atEndOf(session);
    };
    return setTimeout(look, leftMs).unref();
  }

  /** Those that have ended go first, and those of another token have ended for all but this list. */
  #makeRoom(): void {
    const now = this.#deps.clock.now();
    for (const session of this.#byKey.values()) if (session.expiresAt <= now) this.end(session);
    const oldestFirst = Array.from(this.#byKey.values()).toSorted(
      (a, b) => a.expiresAt.getTime() - b.expiresAt.getTime(),
    );
    const tooMany = Math.max(0, oldestFirst.length - MAX_SESSIONS + 1);
    for (const session of oldestFirst.slice(0, tooMany)) this.end(session);
  }

  /** On a full disk it is kept until the daemon ends: to make room somebody must be let in. */
  #keep(session: StoredSession): void {
    this.#byKey.set(session.key, session);
    try {
      this.#deps.store.put(session);
    } catch (error) {
      if (!AlcoveError.is(error, "no_capacity")) throw error;
      this.#deps.log.warn("session.not_stored", { reason: error.message });
    }
  }

  #keyOf(id: string, place: Place): string {
    return createHmac("sha256", this.#token).update(`${place}\n${id}`).digest("base64url");
  }
}
