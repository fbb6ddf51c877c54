/** What an Aleph node refuses, as a person reads it: the node's own words, and what to do about them. */

import { EXIT, exitCodeOfStatus } from "../exit-codes.ts";
import { CommandError } from "../failure.ts";
import { printableLine } from "../printable.ts";
import type { Credentials } from "./credentials.ts";

export interface RefusedAnswer {
  readonly status: number;
  readonly text: string;
  /** as the header has it; empty when there is none */
  readonly server: string;
}

/** Who was asked, and as whom. */
export interface Asked {
  readonly node: URL;
  readonly credentials: Credentials;
}

interface Remedy {
  readonly words: RegExp;
  readonly advice: (asked: Asked, found: readonly string[]) => string | undefined;
  /** default: as the status says */
  readonly exitCode?: number;
}

const { notAllowed, notFound, noCapacity, wrongState } = EXIT;

const AGAIN = "Sign in again: `alcove aleph sign-in --key-file FILE`.";

const REMEDIES: readonly Remedy[] = [
  { words: /Token expired/, advice: () => AGAIN, exitCode: notAllowed },
  {
    words: /Invalid domain: Signed: '(.*)' != Request: '(.*)'/,
    advice: ({ node }, [, signed = "", own = ""]) =>
      `The node calls itself ${own}: sign in with --node ${node.protocol}//${withPort(own, node)}, ` +
      `or name ${signed} in its ALEPH_VM_EXTRA_DOMAINS.`,
    exitCode: notAllowed,
  },
  {
    words: /Invalid domain/,
    advice: ({ node }) =>
      `The node does not call itself ${node.hostname}: sign in by its own name, or name this one in its ALEPH_VM_EXTRA_DOMAINS.`,
    exitCode: notAllowed,
  },
  {
    words: /Invalid X-SignedOperation fields|Time is too far/,
    advice: () => "Compare the clocks here and there: a request is good for two minutes.",
    exitCode: notAllowed,
  },
  {
    words: /X-Signed(?:PubKey|Operation)|Signature could not|Invalid signature/,
    advice: () => AGAIN,
    exitCode: notAllowed,
  },
  {
    words: /Authentication token received is invalid/,
    advice: ({ credentials }) =>
      credentials.kind === "signer"
        ? `${credentials.wallet.address} must be one of the node's AUTHORIZED_ALLOCATION_SIGNERS, and the clocks must agree.`
        : "The token is the one whose SHA-256 is the node's ALEPH_VM_ALLOCATION_TOKEN_HASH; give it with --token-file.",
  },
  {
    words: /^unauthorized sender$/i,
    advice: ({ credentials }) =>
      credentials.kind === "operator"
        ? `${credentials.operator.address} is neither the VM's owner nor a delegate of the owner.`
        : undefined,
    exitCode: notAllowed,
  },
  {
    words: /^VM not found/,
    advice: () =>
      "`alcove aleph list --all` shows what is there; `alcove aleph reboot HASH` starts what is stopped.",
    exitCode: notFound,
  },
  {
    words: /^VM must be running/,
    advice: () => "`alcove aleph reboot HASH` starts it.",
    exitCode: wrongState,
  },
  {
    words: /^(?:No virtual machine|No execution found)/,
    advice: () => "`alcove aleph list --all` shows what is there.",
    exitCode: notFound,
  },
  {
    words: /^(?:Hash not found|Aleph message not found)/,
    advice: () => "Bring it in first: `alcove aleph import message FILE`.",
    exitCode: notFound,
  },
  {
    words: /not a valid QCOW2/,
    advice: () =>
      "Only a disk can be restored: `tar xf BACKUP rootfs.qcow2` takes it out of a backup.",
  },
  { words: /^Invalid timeout/, advice: () => "More than no time at all, and below ten days." },
  {
    words: /cannot (?:host|reserve)|InsufficientResources/,
    advice: () => "`alcove aleph usage` shows what is left.",
    exitCode: noCapacity,
  },
];

export function refusalFrom({ status, text, server }: RefusedAnswer, asked: Asked): CommandError {
  if (isForeign(text, server)) return foreign(asked.node, status);
  return refusal(wordsIn(text) || `The node answered ${status}`, status, asked);
}

/** @param words as the node says them */
export function refusal(words: string, status: number, asked: Asked): CommandError {
  const message = printableLine(words);
  for (const remedy of REMEDIES) {
    const found = remedy.words.exec(message);
    if (!found) continue;
    const advice = remedy.advice(asked, found);
    return new CommandError(message, remedy.exitCode ?? exitCodeOfStatus(status), {
      code: `http_${status}`,
      ...(advice === undefined ? {} : { advice }),
    });
  }
  return new CommandError(message, exitCodeOfStatus(status), { code: `http_${status}` });
}

/** Out of an envelope, a list of what a validator has found, or a bare text; a status in front of it says nothing. */
function wordsIn(text: string): string {
  return wordsOf(parsed(text)).replace(/^\d{3}:? /, "");
}

function wordsOf(value: unknown): string {
  if (typeof value === "string") {
    const inner = parsed(value);
    return typeof inner === "string" ? value.trim() : wordsOf(inner);
  }
  if (Array.isArray(value)) return value.map(problemIn).join("; ");
  const fields = new Map<string, unknown>(Object.entries(Object(value)));
  for (const name of ["error", "description", "reason"]) {
    const words = fields.get(name);
    if (typeof words !== "string" || words === "") continue;
    const reason = fields.get("reason");
    return typeof reason === "string" && name === "error" ? `${words}: ${reason}` : words;
  }
  return "";
}

/** one of a validator: where, and what */
function problemIn(problem: unknown): string {
  const fields = new Map<string, unknown>(Object.entries(Object(problem)));
  const at = fields.get("loc");
  const where = Array.isArray(at) ? at.map(String).join(".") : "";
  const message = fields.get("msg");
  const what = typeof message === "string" ? message : "is wrong";
  return where === "" ? what : `${where}: ${what}`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text; // a bare text is what it says
  }
}

/** Neither a node's own header nor its envelope: a proxy, or another server. */
function isForeign(text: string, server: string): boolean {
  if (server.startsWith("aleph-vm/")) return false;
  const value = parsed(text);
  const fields = new Map<string, unknown>(Object.entries(Object(value)));
  return typeof value === "string" || (fields.has("code") && !fields.has("description"));
}

function foreign(node: URL, status: number): CommandError {
  const message = `Something answers at ${node.origin}, and it is no Aleph node.`;
  return new CommandError(message, exitCodeOfStatus(status), {
    code: "not_aleph",
    advice:
      "Say where the node is with --node or ALCOVE_ALEPH_URL; its port is 4020 unless set otherwise.",
  });
}

function withPort(name: string, { port }: URL): string {
  return port === "" ? name : `${name}:${port}`;
}
