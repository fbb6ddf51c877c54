/**
 * Which kernel modules to load, in which order: the part of modprobe that a boot needs.
 */

/** Module path (`kernel/fs/ext4/ext4.ko`) to the paths it needs, as `modules.dep` has them. */
export type ModuleTree = ReadonlyMap<string, readonly string[]>;

/** Parses `modules.dep`: lines of `path: needed needed …`. */
export function parseModulesDep(text: string): ModuleTree {
  const tree = new Map<string, readonly string[]>();
  for (const line of text.split("\n")) {
    const colon = line.indexOf(":");
    if (colon < 0) continue;
    tree.set(
      line.slice(0, colon),
      line
        .slice(colon + 1)
        .split(" ")
        .filter((word) => word !== ""),
    );
  }
  return tree;
}

/**
 * The modules named, and all they need, each once and after what it needs.
 * A name that is not a module is skipped if the kernel has it built in, else it is an error.
 *
 * @param builtIn text of `modules.builtin`
 */
export function loadOrder(tree: ModuleTree, names: readonly string[], builtIn: string): string[] {
  const byName = new Map([...tree.keys()].map((path) => [moduleName(path), path]));
  const present = new Set(builtIn.split("\n").map(moduleName));
  const order = new Set<string>();
  for (const name of names) {
    const path = byName.get(moduleName(name));
    if (path !== undefined) visit(tree, path, order);
    else if (!present.has(moduleName(name))) throw new Error(`the kernel has no module ${name}`);
  }
  return [...order];
}

function visit(tree: ModuleTree, path: string, order: Set<string>): void {
  if (order.has(path)) return;
  const needed = tree.get(path);
  if (!needed) throw new Error(`modules.dep names ${path} but does not list it`);
  // modules.dep lists what is needed nearest first, already complete: the last one needs nothing.
  for (const other of needed.toReversed()) visit(tree, other, order);
  order.add(path);
}

/** The kernel treats `-` and `_` in module names alike. */
function moduleName(path: string): string {
  const file = path.slice(path.lastIndexOf("/") + 1);
  return file.replace(/\.ko$/, "").replaceAll("-", "_");
}

const SIGNATURE_MARK = Buffer.from("~Module signature appended~\n");
/** size of `struct module_signature`; its last four bytes are the signature's length, big-endian */
const SIGNATURE_INFO_BYTES = 12;

/**
 * Removes the signature appended to a module. Checking RSA signatures costs an emulated guest
 * 0.15 s at each boot, and proves nothing that the content-addressed image does not.
 */
export function withoutSignature(module: Buffer): Buffer {
  const markAt = module.length - SIGNATURE_MARK.length;
  if (markAt < 0 || !module.subarray(markAt).equals(SIGNATURE_MARK)) return module;
  const infoAt = markAt - SIGNATURE_INFO_BYTES;
  const signatureBytes = infoAt < 0 ? 0 : module.readUInt32BE(markAt - 4);
  const end = infoAt - signatureBytes;
  if (end <= 0) throw new Error("the module's signature is longer than the module");
  return module.subarray(0, end);
}
