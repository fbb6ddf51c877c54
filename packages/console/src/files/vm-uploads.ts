/** The uploads of each VM. They go on when another page is shown, and end with the browser's tab. */

import { client } from "../app/client.ts";
import { KEYS } from "../app/keys.ts";
import { PerVm } from "../app/per-vm.ts";
import { queries } from "../app/queries.ts";
import { Uploads } from "./uploads.ts";

export const UPLOADS: PerVm<Uploads> = new PerVm((group, hostname) => {
  const vm = client.vms.attach(group, hostname);
  return new Uploads({
    makeFolder: (path, signal) => vm.fs.mkdir({ path, recursive: true }, { signal }),
    send: (path, file, onBytes, signal) =>
      vm.upload({ path, mode: "binary" }, file, { onBytes, signal }),
    onChange: () => void queries.invalidateQueries({ queryKey: KEYS.filesOf(hostname) }),
  });
});

// The browser asks before the tab is closed or loaded anew.
addEventListener("beforeunload", (event) => {
  if (!UPLOADS.isIdle) event.preventDefault();
});
