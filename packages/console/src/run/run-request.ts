/** What is typed in the form, as a command of the API. */

import type { ExecRequest } from "@alcove/sdk/browser/index.ts";

import { withoutLastLineEnds } from "../ui/line-ends.ts";

export interface RunForm {
  /** a shell reads the line, or the lines are the program and its arguments as they are */
  readonly how: "shell" | "argv";
  readonly command: string;
  readonly cwd: string;
  readonly uid: string;
  /** NAME=value, one a line */
  readonly env: string;
  readonly stdin: string;
}

export const EMPTY_FORM: RunForm = {
  how: "shell",
  command: "",
  cwd: "",
  uid: "",
  env: "",
  stdin: "",
};

export type FormErrors = Partial<Record<"command" | "uid" | "env", string>>;

const SHELL = "/bin/sh";
const MAX_UID = 4_294_967_294;

/** @returns what is wrong, by field; nothing when it can be run */
export function errorsOf({ command, uid, env }: RunForm): FormErrors {
  const number = uid.trim();
  const isUid = number === "" || (/^\d{1,10}$/.test(number) && Number(number) <= MAX_UID);
  const odd = linesOf(env).find((line) => !/^[^=\s]+=/.test(line));
  return {
    ...(command.trim() === "" ? { command: "Type a command first." } : {}),
    ...(isUid ? {} : { uid: "A user id is a number, such as 1000." }),
    ...(odd === undefined ? {} : { env: `"${odd}" is not NAME=value.` }),
  };
}

export function requestOf(form: RunForm): ExecRequest {
  const { cwd, uid, env, stdin } = form;
  return {
    ...commandOf(form),
    ...(cwd.trim() === "" ? {} : { cwd: cwd.trim() }),
    ...(uid.trim() === "" ? {} : { uid: Number(uid.trim()) }),
    ...(env.trim() === "" ? {} : { env: linesOf(env) }),
    ...(stdin === "" ? {} : { stdin }),
  };
}

function commandOf({ how, command }: RunForm): ExecRequest {
  if (how === "shell") return { command, shell: SHELL };
  const [program = "", ...args] = withoutLastLineEnds(command).split("\n");
  return { command: program, args, shell: "" };
}

function linesOf(text: string): readonly string[] {
  return text.split("\n").filter((line) => line.trim() !== "");
}

/** One line, for lists. */
export function titleOf({ how, command }: RunForm): string {
  return how === "shell" ? command : command.trimEnd().split("\n").join(" ");
}
