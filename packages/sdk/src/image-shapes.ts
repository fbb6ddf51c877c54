/** What `/v1/images` answers, spelled out as `native-shapes.ts` does the rest. Sizes in bytes, times as RFC 3339. */

export interface Image {
  /** digest of what it is made of */
  id: string;
  kind: "image" | "kernel";
  name: string;
  /** whether the name leads here: `false` for what a newer build replaced */
  named: boolean;
  built_at: string;
  /** its files on the host's disk; what it shares with others counts for each */
  disk_bytes: number;
  kernel: { name: string; release: string };
  /** of images: who is process 1; `none`: no agent is inside */
  init?: "alcove" | "systemd" | "none";
  agent_version?: string;
  default_user?: string;
  /** of images: the root disk, as the guest sees it */
  root_bytes?: number;
  /** of images: Debian packages inside; absent when nobody knows */
  packages?: number;
  /** who needs it, for people: it cannot be removed as long as there is one */
  used_by: string[];
}

export interface ImageRecipe {
  name: string;
  kind: "image" | "kernel";
  description: string;
}

export interface ImportableDisk {
  file: string;
  bytes: number;
}

export interface ImageWork {
  id: string;
  what: "build" | "import";
  /** of the image that is to be there in the end */
  name: string;
  state: "waiting" | "working" | "done" | "failed" | "cancelled";
  /** what is being done, or was done last */
  step?: string;
  /** the newest line of the step */
  detail?: string;
  /** how much of the step is done, 0 to 1, where that is known */
  fraction?: number;
  asked_at: string;
  begun_at?: string;
  ended_at?: string;
  /** of one that is done: the image's id */
  image?: string;
  /** of one that is done: `unchanged` when what there was is still right */
  outcome?: "built" | "unchanged";
  /** of one that failed */
  error?: { code: string; message: string };
}

export interface ImageList {
  /** whether this host keeps images and makes them */
  enabled: boolean;
  /** named ones first, by name */
  images: Image[];
  recipes: ImageRecipe[];
  /** disks that can be imported, and the directory of the host where they are looked for */
  imports: { directory: string; disks: ImportableDisk[] };
  /** under way and waiting in the order of their turns, then the last that ended, newest first */
  works: ImageWork[];
}

export interface ImageOrder {
  recipe?: string;
  fresh?: boolean;
  name?: string;
  file?: string;
  kernel?: string;
  root?: string;
}

export interface RemovedImage {
  id: string;
  name: string;
  freed_bytes: number;
}
