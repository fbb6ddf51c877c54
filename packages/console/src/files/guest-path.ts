/** Paths in a guest, which are always absolute here. */

export interface Crumb {
  readonly label: string;
  readonly path: string;
}

/** @param text as typed or from an address; `..` is not followed, but kept from leading anywhere else */
export function absolute(text: string): string {
  const parts = text.split("/").filter((part) => part !== "" && part !== ".");
  const kept: string[] = [];
  for (const part of parts) {
    if (part === "..") kept.pop();
    else kept.push(part);
  }
  return `/${kept.join("/")}`;
}

export function joined(directory: string, name: string): string {
  return directory === "/" ? `/${name}` : `${directory}/${name}`;
}

/** The root's is the root. */
export function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}

/** The root first. */
export function crumbsOf(path: string): readonly Crumb[] {
  const parts = path.split("/").filter((part) => part !== "");
  const below = parts.map((label, index) => ({
    label,
    path: `/${parts.slice(0, index + 1).join("/")}`,
  }));
  return [{ label: "/", path: "/" }, ...below];
}

/** @returns what is wrong with it as the name of something new, or nothing */
export function nameProblem(name: string): string | undefined {
  if (name.trim() === "") return "Type a name.";
  if (name.includes("/")) return "A name has no slash in it.";
  if (name === "." || name === "..") return `"${name}" means a directory that is there already.`;
  if (new TextEncoder().encode(name).length > 255) return "A name has at most 255 bytes.";
  return undefined;
}
