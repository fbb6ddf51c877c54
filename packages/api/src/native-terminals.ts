/**
 * Terminals that outlive who works at them: `/v1/vms/{hostname}/terminals`.
 *
 * A terminal is a shell of the guest's that its agent keeps, with the newest 256 KiB of what it wrote. Any number of
 * clients attach to it over WebSockets. Binary messages are bytes, as typed and as shown; text messages are JSON:
 * `TerminalOrder` from the client, `TerminalNotice` from the host.
 */

import { type Static, Type } from "typebox";

const MAX_CELLS = 1_000;
const MAX_ID = 4_294_967_294;
const MAX_PATH_CHARS = 4_096;

const Cells = Type.Integer({ minimum: 1, maximum: MAX_CELLS });

export const TerminalRequest = Type.Object({
  cols: Cells,
  rows: Cells,
  /** absent: the guest's default user */
  uid: Type.Optional(Type.Integer({ minimum: 0, maximum: MAX_ID })),
  gid: Type.Optional(Type.Integer({ minimum: 0, maximum: MAX_ID })),
  /** absent: the user's login shell; in place of one that the guest does not have comes `bash`, or `sh` */
  shell: Type.Optional(Type.String({ minLength: 1, maxLength: MAX_PATH_CHARS })),
  /** absent: the user's home */
  cwd: Type.Optional(Type.String({ minLength: 1, maxLength: MAX_PATH_CHARS })),
});
export type TerminalRequest = Static<typeof TerminalRequest>;

export const NewTerminal = Type.Object({
  id: Type.String(),
  /** RFC 3339, by the guest's clock */
  created_at: Type.String(),
});
export type NewTerminal = Static<typeof NewTerminal>;

export const Terminal = Type.Object({
  id: Type.String(),
  /** RFC 3339, by the guest's clock */
  created_at: Type.String(),
  /** for people: the shell that was asked for, or `login shell` */
  command: Type.String(),
  /** of the user it belongs to */
  uid: Type.Integer(),
  exited: Type.Boolean(),
  /** 128 + the number of the signal that ended it; absent while it runs */
  exit_code: Type.Optional(Type.Integer()),
});
export type Terminal = Static<typeof Terminal>;

/** What a client says to a terminal, besides what is typed. */
export const TerminalOrder = Type.Object({
  type: Type.Literal("resize"),
  cols: Cells,
  rows: Cells,
});
export type TerminalOrder = Static<typeof TerminalOrder>;

/** What the host says of a terminal, besides what it shows. */
export const TerminalNotice = Type.Union([
  /** the kept output has been sent: what follows is shown as it is written */
  Type.Object({ type: Type.Literal("live") }),
  /** output that came here is not kept any more: what follows does not join on to what came before */
  Type.Object({ type: Type.Literal("gap"), dropped_bytes: Type.Integer() }),
  /** the last one; the connection is closed with 1000 after it */
  Type.Object({ type: Type.Literal("exit"), code: Type.Integer() }),
]);
export type TerminalNotice = Static<typeof TerminalNotice>;
