/** Where sessions of browsers are remembered. Every method is one transaction, durable when it returns. */

export interface StoredSession {
  /** what the session's id becomes under the daemon's token; the id itself is nowhere */
  readonly key: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

export interface SessionStore {
  /** in no order */
  all(): readonly StoredSession[];
  /** A new one, or one that has changed. @throws AlcoveError `no_capacity` when the disk is full */
  put(session: StoredSession): void;
  remove(key: string): void;
}
