/**
 * Which paths a copy leaves out. `*` and `?` stay within a path segment, `**` spans segments, `[a-z]`
 * is a class; a pattern without a slash is tried on every name, one with a slash on the whole path
 * (one that begins with it says nothing more). A slash at the end changes nothing.
 */

/** @returns whether a relative path is left out; what lies below an excluded directory is too */
export function excluder(patterns: readonly string[]): (path: string) => boolean {
  const matchers = patterns.map(matcher);
  return (path) => matchers.some((matches) => matches(path));
}

function matcher(pattern: string): (path: string) => boolean {
  const clean = pattern.replace(/^\.?\/+|\/+$/g, "");
  const expression = new RegExp(`^${expressionFor(clean)}$`, "u");
  const isWhole = clean.includes("/") || pattern.startsWith("/");
  if (isWhole) return (path) => expression.test(path);
  return (path) => expression.test(path.slice(path.lastIndexOf("/") + 1));
}

const TOKENS = /\*\*\/|\*\*|\*|\?|\[(!?)([^\]/]+)\]|[^]/gu;

function expressionFor(pattern: string): string {
  return pattern.replace(
    TOKENS,
    (token, negated: string | undefined, members: string | undefined) => {
      if (token === "**/") return "(?:.*/)?";
      if (token === "**") return ".*";
      if (token === "*") return "[^/]*";
      if (token === "?") return "[^/]";
      if (members === undefined) return token.replace(/[\\^$.*+?()[\]{}|/-]/u, "\\$&");
      return `[${negated ? "^" : ""}${members.replace(/[\\^[]/gu, "\\$&")}]`;
    },
  );
}
