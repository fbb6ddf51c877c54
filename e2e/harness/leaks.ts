/** Where a secret's bytes can be seen on a host: files, logs, and what processes say of themselves. */

import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

import type { TestHost } from "./test-host.ts";

/** All forms in which bytes may turn up in plain sight. */
export function formsOf(secret: string): readonly Buffer[] {
  const bytes = Buffer.from(secret);
  const inBase64 = [0, 1, 2].map((shift) =>
    // What stands around it decides the first and last characters.
    Buffer.concat([Buffer.alloc(shift), bytes])
      .toString("base64")
      .slice(4, -4),
  );
  return [secret, bytes.toString("hex"), ...inBase64].map((text) => Buffer.from(text));
}

/** @returns every place that shows one of the secrets; what is looked through is at least the host's own disks and logs */
export function leaksOf(host: TestHost, secrets: readonly string[]): readonly string[] {
  const forms = secrets.flatMap(formsOf);
  const shows = (bytes: Buffer) => forms.some((form) => bytes.includes(form));
  const places = [...filesBelow(host.dirs.root), ...processTexts()];
  const leaks = places.filter((place) => shows(contentOf(place)));
  return shows(Buffer.from(host.daemon.lines.join("\n"))) ? [...leaks, "the daemon's log"] : leaks;
}

/** without what links lead to: the images are everybody's */
function filesBelow(directory: string): string[] {
  // Not with `recursive`: that follows links.
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const place = path.join(directory, entry.name);
    if (entry.isDirectory()) return filesBelow(place);
    return entry.isFile() ? [place] : [];
  });
}

function processTexts(): string[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid) => [`/proc/${pid}/cmdline`, `/proc/${pid}/environ`]);
}

function contentOf(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    // It has just ended; or it is a process that not even we may look at.
    if (["ENOENT", "ESRCH"].includes(String(code)) || file.startsWith("/proc/")) {
      return Buffer.alloc(0);
    }
    throw error;
  }
}
