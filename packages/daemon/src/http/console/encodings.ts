/** Which form of a file a browser gets. */

import type { ConsoleFile } from "#core/ports/console-files.ts";

export interface Form {
  readonly content: Buffer;
  /** what Content-Encoding says; `undefined` for the file as it is */
  readonly encoding: "br" | "gzip" | undefined;
}

/** The smallest that is accepted. @param accepted the header Accept-Encoding */
export function formFor({ plain, br, gzip }: ConsoleFile, accepted: string | undefined): Form {
  const names = acceptedIn(accepted ?? "");
  if (br && names.has("br")) return { content: br, encoding: "br" };
  if (gzip && names.has("gzip")) return { content: gzip, encoding: "gzip" };
  return { content: plain, encoding: undefined };
}

/** Names that are listed and not given up with `q=0`. `*` says nothing of what a browser can read. */
function acceptedIn(header: string): ReadonlySet<string> {
  const names = header.split(",").map((part) => {
    const [name = "", ...parameters] = part.split(";").map((it) => it.trim().toLowerCase());
    return parameters.some((it) => /^q=0(?:\.0*)?$/.test(it)) ? "" : name;
  });
  return new Set(names);
}
