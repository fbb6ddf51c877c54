/** A command as the client's users write it. */

import type { CommandSpec, ExecSpec } from "../exec.ts";
import { AlcoveInputError } from "../input-error.ts";
import type { Content } from "../wire.ts";

export interface CommandRequest {
  /** program; with no `args` and no `shell` possibly a shell line, as the host decides */
  readonly command: string;
  readonly args?: readonly string[];
  /** `["NAME=value"]`, or by name */
  readonly env?: readonly string[] | Readonly<Record<string, string>>;
  /** working directory; default: the user's home */
  readonly cwd?: string;
  readonly uid?: number;
  readonly gid?: number;
  /** shell that runs `command`; an empty text forces none */
  readonly shell?: string;
}

/** Without `uid` it runs as root. */
export interface ExecRequest extends CommandRequest {
  /** default: nothing to read */
  readonly stdin?: Content;
  /** `base64`: `execBuffered` gives bytes instead of text. Frames have both in any case */
  readonly stdio?: "text" | "base64";
  /** of `execBuffered`: bound of stdout and stderr together, in bytes; default 64 MiB */
  readonly maxOutputBytes?: number;
}

/** @throws AlcoveInputError without a command */
export function specOf({ command, ...rest }: CommandRequest): CommandSpec {
  if (typeof command !== "string" || command === "") {
    throw new AlcoveInputError("A command is required: give `command`");
  }
  return { ...rest, cmd: command };
}

/** @throws AlcoveInputError without a command */
export function execSpecOf(request: ExecRequest): ExecSpec {
  const { stdio: _, ...rest } = request;
  return specOf(rest);
}
