/** Files and folders that were dropped or chosen, as what is to be made in a guest. */

export interface NewFile {
  /** below where they go, with slashes */
  readonly path: string;
  readonly file: File;
}

export interface Dropped {
  /** below where they go, a parent before what it holds */
  readonly folders: readonly string[];
  readonly files: readonly NewFile[];
}

/** more at once are refused: a browser would hold on to all of them */
const MAX_FILES = 10_000;

/** Of an input: files, or a folder with what is in it. */
export function chosenFiles(list: FileList): Dropped {
  const files = [...list].map((file) => ({ path: file.webkitRelativePath || file.name, file }));
  refuseTooMany(files.length);
  return { folders: foldersOf(files), files };
}

/** Of a drop. What is dropped has to be taken hold of at once; the folders are then read. */
export async function droppedFiles(transfer: DataTransfer): Promise<Dropped> {
  const entries = [...transfer.items]
    .map((item) => item.webkitGetAsEntry())
    .filter((entry) => entry !== null);
  if (entries.length === 0) return chosenFiles(transfer.files); // what is not from a disk has no entries
  const folders: string[] = [];
  const files: NewFile[] = [];
  const waiting = entries.map((entry) => ({ entry, path: entry.name }));
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    const { entry, path } = next;
    if (isFile(entry)) files.push({ path, file: await fileOf(entry) });
    if (!isDirectory(entry)) continue;
    folders.push(path);
    for (const below of await childrenOf(entry))
      waiting.push({ entry: below, path: `${path}/${below.name}` });
    refuseTooMany(files.length + waiting.length);
  }
  return { folders, files };
}

/** What of it stands directly where it goes. */
export function topNames({ folders, files }: Dropped): ReadonlySet<string> {
  return new Set([...folders, ...files.map(({ path }) => path)].map(topOf));
}

/** Without what is in or under one of the names. */
export function without({ folders, files }: Dropped, names: ReadonlySet<string>): Dropped {
  return {
    folders: folders.filter((path) => !names.has(topOf(path))),
    files: files.filter(({ path }) => !names.has(topOf(path))),
  };
}

function topOf(path: string): string {
  return path.split("/", 1)[0] ?? path;
}

function foldersOf(files: readonly NewFile[]): readonly string[] {
  const folders = new Set<string>();
  for (const { path } of files) {
    const parts = path.split("/").slice(0, -1);
    for (let depth = 1; depth <= parts.length; depth += 1)
      folders.add(parts.slice(0, depth).join("/"));
  }
  return [...folders];
}

function refuseTooMany(number: number): void {
  if (number > MAX_FILES)
    throw new Error(`More than ${MAX_FILES} files at once: pack them into one archive first.`);
}

function isFile(entry: FileSystemEntry): entry is FileSystemFileEntry {
  return entry.isFile;
}

function isDirectory(entry: FileSystemEntry): entry is FileSystemDirectoryEntry {
  return entry.isDirectory;
}

async function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return await new Promise((resolve, reject) => entry.file(resolve, reject));
}

/** A browser gives a folder's content in parts, until one is empty. */
async function childrenOf(folder: FileSystemDirectoryEntry): Promise<readonly FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  while (true) {
    const part = await new Promise<readonly FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (part.length === 0) return all;
    all.push(...part);
    refuseTooMany(all.length);
  }
}
