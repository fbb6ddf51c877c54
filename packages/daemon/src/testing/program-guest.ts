/** As much of a guest as a program needs: it remembers what was put into it and started, and runs nothing. */

import { AlcoveError } from "#core/errors.ts";
import type { HostFile, HostFiles } from "#core/aleph/ports/host-files.ts";
import type { ProgramOrder } from "#core/aleph/ports/program-room.ts";
import type { ProgramGuest } from "#core/aleph/programs/guest-program.ts";
import { hashOf } from "#testing/aleph-source.ts";
import type { BackgroundProgram } from "#core/ports/guest-background.ts";
import type { GuestExec, GuestProcess } from "#core/ports/guest-link.ts";

export class ProgramStage {
  readonly copied: { path: string; mode: number | undefined; text: string }[] = [];
  readonly commands: { script: string; words: readonly string[] }[] = [];
  readonly started: { argv: readonly string[]; env: readonly string[]; cwd: string | undefined }[] =
    [];
  /** what a command complains of, by a word of its script */
  readonly complaints = new Map<string, string>();
  isListening = true;
  /** how often somebody tried to connect */
  knocks = 0;
  sizeBytes = 4;
  openFiles = 0;
  readonly #programs: BackgroundProgram[] = [];

  readonly files: HostFiles = {
    open: async () => this.#file("code"),
    openZip: async () => this.#file("unzipped code"),
  };

  readonly guest: ProgramGuest = {
    exec: async (request) => this.#command(request),
    copyIn: async ({ path, mode }, content) => {
      const pieces: Uint8Array[] = [];
      for await (const piece of content) pieces.push(piece);
      this.copied.push({ path, mode, text: Buffer.concat(pieces).toString() });
      return { path, bytes: 4, files: 1, directories: 0, skipped: 0 };
    },
    startInBackground: async ({ program, env, cwd }, { note }) => {
      const argv = program.kind === "argv" ? program.argv : [];
      this.started.push({ argv, env, cwd });
      const id = `program-${this.started.length}`;
      const start = { id, pid: 7, startedAt: new Date(0), ringBytes: 0 };
      const facts = { command: "", args: [], cwd: "/", uid: 0, writtenBytes: 0 };
      const rest = { end: undefined, droppedBytes: 0, nextId: 1 };
      this.#programs.push({ ...start, ...facts, ...rest, note });
      return start;
    },
    background: {
      list: async () => this.#programs,
      find: async (id) => {
        const found = this.#programs.find((it) => it.id === id);
        if (found) return found;
        throw refused("not_found");
      },
    },
    forward: async () => {
      this.knocks += 1;
      if (!this.isListening) throw refused("io");
      return {
        output: (async function* () {})(),
        ended: Promise.reject(refused("cancelled")),
        write: async () => {},
        endInput: () => {},
        cancel: () => {},
      };
    },
  };

  order(code: Partial<ProgramOrder["code"]> = {}): ProgramOrder {
    return {
      vmHash: hashOf("1"),
      code: {
        encoding: "plain",
        path: "/store/code",
        mount: "/opt/code",
        entrypoint: "serve",
        interface: "binary",
        args: [],
        ...code,
      },
      data: undefined,
      variables: { GREETING: "good day" },
    };
  }

  endProgram(exitCode: number): void {
    const end = { exitCode, signal: undefined, endedAt: new Date(0) };
    for (const [index, program] of this.#programs.entries())
      this.#programs[index] = { ...program, end };
  }

  #file(text: string): HostFile {
    this.openFiles += 1;
    return {
      sizeBytes: this.sizeBytes,
      content: (async function* () {
        yield Buffer.from(text);
      })(),
      [Symbol.asyncDispose]: async () => void (this.openFiles -= 1),
    };
  }

  #command({ program }: GuestExec): GuestProcess {
    const [, , script = "", , ...words] = program.kind === "argv" ? program.argv : [];
    this.commands.push({ script, words });
    const complaint = [...this.complaints].find(([word]) => script.includes(word))?.[1];
    return {
      pid: 1,
      output: (async function* () {
        if (complaint) yield { stream: "stderr", bytes: Buffer.from(complaint) } as const;
      })(),
      ended: Promise.resolve({ exitCode: complaint ? 1 : 0, signal: undefined }),
      write: async () => {},
      endInput: () => {},
      resize: () => {},
      kill: () => {},
      cancel: () => {},
    };
  }
}

function refused(reason: "io" | "not_found" | "cancelled"): AlcoveError<"guest_refused"> {
  return new AlcoveError("guest_refused", `refused: ${reason}`, { reason });
}
