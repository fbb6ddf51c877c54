/** The files of one QEMU: opened by the daemon, and handed over as descriptors. */

import type { Option } from "./option.ts";

/** 0 to 2 are the standard streams */
export const FIRST_FD = 3;

export interface FileToOpen {
  readonly path: string;
  /** `append` makes the file if it is missing */
  readonly access: "read" | "read-write" | "append";
  /** QEMU opens it again by itself, so its mode must let everybody read it */
  readonly reopened: boolean;
}

/** Numbers the files as they are asked for. */
export class LaunchFiles {
  readonly opened: FileToOpen[] = [];
  /** arguments that register descriptors for `/dev/fdset/N` */
  readonly sets: Option[] = [];

  /** for QEMU's block and character layers: the descriptor itself is used */
  inSet(path: string, access: FileToOpen["access"]): string {
    const fd = this.#add({ path, access, reopened: false });
    this.sets.push(["-add-fd", `fd=${fd},set=${fd}`]);
    return `/dev/fdset/${fd}`;
  }

  /** for what QEMU reads with plain file functions */
  reopened(path: string): string {
    return `/proc/self/fd/${this.#add({ path, access: "read", reopened: true })}`;
  }

  /** the descriptor after those of the files so far */
  get next(): number {
    return FIRST_FD + this.opened.length;
  }

  #add(file: FileToOpen): number {
    const fd = this.next;
    this.opened.push(file);
    return fd;
  }
}
