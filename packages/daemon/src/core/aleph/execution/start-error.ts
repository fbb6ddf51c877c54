/**
 * Why a VM did not start, in the words of the network's own nodes: names of Python's exceptions.
 *
 * Clients and schedulers compare these words. What is none of the known failures is told as "Unhandled Error"
 * and nothing more; the log has the rest.
 */

import { AlcoveError } from "../../errors.ts";
import { Refusal } from "../refusal.ts";

export type StartErrorKind =
  | "InsufficientResourcesError"
  | "VmSetupError"
  | "ResourceDownloadError"
  | "FileTooLargeError"
  | "MicroVMFailedInitError";

/** `message` is shown to whoever asked for the VM. */
export class StartError extends Error {
  override readonly name = "StartError";
  readonly kind: StartErrorKind;

  constructor(kind: StartErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

/** a Python exception's `repr` for whatever kept a VM from running */
export function reprOf(error: unknown): string {
  const start = error instanceof StartError ? error : asStartError(error);
  if (!start) return "Exception('Unhandled Error')";
  const words = start.message === "" ? "" : pythonText(start.message);
  return `${start.kind}(${words})`;
}

/** What the core and the message source refuse, in the words above. */
export function asStartError(error: unknown): StartError | undefined {
  if (AlcoveError.is(error, "no_capacity")) {
    return new StartError("InsufficientResourcesError", error.message);
  }
  if (error instanceof AlcoveError) return new StartError("MicroVMFailedInitError", "");
  if (!(error instanceof Refusal)) return undefined;
  if (error.kind === "not found") return new StartError("ResourceDownloadError", error.message);
  if (error.kind === "too large") return new StartError("FileTooLargeError", error.message);
  if (error.kind === "no storage" || error.kind === "unavailable") {
    return new StartError("InsufficientResourcesError", error.message);
  }
  return error.kind === "bad request" ? new StartError("VmSetupError", error.message) : undefined;
}

/** A text as Python's `repr` writes it: in single quotes, unless only double ones need no escapes. */
export function pythonText(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  let quoted = "";
  for (const character of text) quoted += escaped(character, quote);
  return `${quote}${quoted}${quote}`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};

function escaped(character: string, quote: string): string {
  if (character === quote) return `\\${quote}`;
  const code = character.codePointAt(0) ?? 0;
  const isControl = code < 0x20 || (code >= 0x7f && code <= 0xa0);
  return ESCAPES[character] ?? (isControl ? `\\x${code.toString(16).padStart(2, "0")}` : character);
}
