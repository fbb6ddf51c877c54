/** How the actions that the daemon allows are shown. Which are allowed is its word alone. */

import {
  Camera,
  GitFork,
  type LucideIcon,
  Moon,
  Pause,
  Play,
  Power,
  RotateCw,
  Sunrise,
  Trash2,
} from "lucide-react";

import type { VmAction } from "@alcove/sdk/browser/index.ts";

/** Those that are buttons; the others are tabs of the page. */
export type VmCommand = Exclude<VmAction, "exec" | "shell" | "files">;

export interface CommandLook {
  readonly command: VmCommand;
  readonly label: string;
  readonly icon: LucideIcon;
  /** said when it is done, behind the VM's name */
  readonly done: string;
}

/** In the order in which they stand. */
export const COMMANDS: readonly CommandLook[] = [
  { command: "start", label: "Start", icon: Play, done: "is starting" },
  {
    command: "restore",
    label: "Restore",
    icon: Sunrise,
    done: "runs again, with the memory it had",
  },
  { command: "resume", label: "Resume", icon: Play, done: "goes on" },
  { command: "pause", label: "Pause", icon: Pause, done: "is paused" },
  {
    command: "suspend",
    label: "Suspend",
    icon: Moon,
    done: "is suspended: its memory is on the disk",
  },
  { command: "fork", label: "Fork", icon: GitFork, done: "is forked" },
  { command: "commit", label: "Commit", icon: Camera, done: "is committed" },
  { command: "reboot", label: "Reboot", icon: RotateCw, done: "is rebooting" },
  { command: "shutdown", label: "Shut down", icon: Power, done: "is shutting down" },
  { command: "delete", label: "Delete", icon: Trash2, done: "is deleted" },
];

export function commandsOf(actions: readonly VmAction[]): readonly CommandLook[] {
  return COMMANDS.filter(({ command }) => actions.includes(command));
}

/** What is under way, by phase, for those that take a while. */
const UNDER_WAY: Readonly<Record<string, string>> = {
  created: "It is about to start.",
  starting: "Its machine is being made.",
  suspending: "Its memory is being written to the disk.",
  restoring: "Its memory is being read from the disk.",
  stopping: "Its guest was asked to power off.",
};

/** One sentence on what is going on; `undefined` when nothing is. */
export function progressOf(vm: {
  readonly phase: string;
  readonly ready: boolean;
}): string | undefined {
  if (vm.phase === "running" && !vm.ready) return "It runs; its agent has not answered yet.";
  return UNDER_WAY[vm.phase];
}

/** What is lost when it is done, in sentences; `undefined`: nothing. */
export function lossOf(
  command: VmCommand,
  vm: { readonly kind: string; readonly hostname: string },
): readonly string[] | undefined {
  if (command === "delete") {
    return [
      `${vm.hostname} is ended at once, and its disk is removed with all that was written to it. This cannot be undone.`,
      "Its commits, and VMs that were forked from it, stay.",
    ];
  }
  if (command === "shutdown" && vm.kind === "sandbox") {
    return [
      `${vm.hostname} is a sandbox: when it has shut down, it is gone, with its disk and all that was written to it.`,
      "To keep it for later, suspend it.",
    ];
  }
  return undefined;
}
