/** An execution in words: its state, its kind, what it is found by. */

import type { AlephAction, AlephExecution } from "@alcove/sdk/browser/index.ts";

import type { Tone } from "../ui/badge.tsx";

const TONES: Readonly<Record<string, Tone>> = {
  defined: "busy",
  preparing: "busy",
  prepared: "busy",
  starting: "busy",
  running: "good",
  stopping: "busy",
  stopped: "rest",
  "awaiting confidential init": "warn",
};

export function toneOf(state: string): Tone {
  return TONES[state] ?? "rest";
}

const STATE_WORDS: Readonly<Record<string, string>> = {
  "awaiting confidential init": "waits for its owner",
};

export function stateWords(state: string): string {
  return STATE_WORDS[state] ?? state;
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  instance: "instance",
  persistent_program: "program that stays",
  microvm: "program on demand",
};

export function typeWords(type: string): string {
  return TYPE_WORDS[type] ?? type;
}

/** "22 → 24000 TCP" */
export function portWords({
  vm_port,
  host_port,
  tcp,
  udp,
}: AlephExecution["ports"][number]): string {
  const kinds = [tcp ? "TCP" : "", udp ? "UDP" : ""].filter((it) => it !== "").join(" and ");
  return `${vm_port} → ${host_port}${kinds === "" ? "" : ` ${kinds}`}`;
}

/** Enough of a hash to tell one from another by eye. */
export function shortHash(hash: string): string {
  return hash.length > 16 ? `${hash.slice(0, 8)}…${hash.slice(-4)}` : hash;
}

export type Shown = "all" | "running" | "ended";

/** Those of one kind whose hash, type, state, address or port has every word that was typed. */
export function matching(
  executions: readonly AlephExecution[],
  { shown, text }: { readonly shown: Shown; readonly text: string },
): readonly AlephExecution[] {
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  return executions
    .filter((it) => isShown(it, shown))
    .filter((it) => {
      const hay = searchable(it);
      return words.every((word) => hay.includes(word));
    })
    .toSorted((a, b) => b.times.defined.localeCompare(a.times.defined));
}

function isShown({ state }: AlephExecution, shown: Shown): boolean {
  if (shown === "all") return true;
  return (state === "stopped") === (shown === "ended");
}

function searchable({ hash, type, state, network, ports }: AlephExecution): string {
  const numbers = ports.flatMap(({ vm_port, host_port }) => [vm_port, host_port]);
  const words = [hash, type, typeWords(type), state, stateWords(state)];
  return [...words, network.ipv4, network.ipv6, ...numbers].join(" ").toLowerCase();
}

export interface ActionWords {
  readonly label: string;
  /** on the button that does it */
  readonly verb: string;
  /** what it means and what is lost */
  readonly meaning: string;
  readonly done: string;
}

/** What is asked before it is done. */
export function actionWords(action: AlephAction, { hash, state }: AlephExecution): ActionWords {
  const name = shortHash(hash);
  if (action === "stop")
    return {
      label: "Stop",
      verb: `Stop ${name}`,
      meaning:
        "Its machine ends: what is only in its memory is lost, and whoever uses it is cut off. Its disks, its ports and its logs stay, and it can be started again. The network may start it again, too.",
      done: `${name} is stopped`,
    };
  if (action === "erase")
    return {
      label: "Erase",
      verb: `Erase ${name}`,
      meaning:
        "Its machine ends, and its disks, volumes, logs and ports are removed from this host. Nobody can bring them back, its owner neither, unless there is a backup elsewhere.",
      done: `${name} is erased`,
    };
  if (state === "stopped")
    return {
      label: "Start",
      verb: `Start ${name}`,
      meaning: "It gets a new machine on the disks that it had.",
      done: `${name} is started`,
    };
  return {
    label: "Reboot",
    verb: `Reboot ${name}`,
    meaning:
      "It gets a new machine on the same disks: what is only in its memory is lost, and whoever uses it is cut off until it is up again.",
    done: `${name} is rebooted`,
  };
}
