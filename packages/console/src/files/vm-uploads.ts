/** The uploads of each VM. They go on when another page is shown, and end with the browser's tab. */

import { client } from "../app/client.ts";
import { KEYS } from "../app/keys.ts";
import { queries } from "../app/queries.ts";
import { Uploads } from "./uploads.ts";

const known = new Map<string, Uploads>();

/** The same for as long as the page is there. */
export function uploadsOf(group: string, hostname: string): Uploads {
  const there = known.get(hostname);
  if (there) return there;
  const vm = client.vms.attach(group, hostname);
  const made = new Uploads({
    makeFolder: (path, signal) => vm.fs.mkdir({ path, recursive: true }, { signal }),
    send: (path, file, onBytes, signal) =>
      vm.upload({ path, mode: "binary" }, file, { onBytes, signal }),
    onChange: () => void queries.invalidateQueries({ queryKey: KEYS.filesOf(hostname) }),
  });
  known.set(hostname, made);
  return made;
}
