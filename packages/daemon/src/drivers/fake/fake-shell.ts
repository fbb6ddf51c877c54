/**
 * A very small shell: words, quotes, `$NAME`, `;`, `&&`, `||`, `>` and `>>` to a file, `>&2`, `exit`.
 * What it does not know it refuses with exit code 2, rather than doing something else.
 */

import { absolute } from "./fake-files.ts";
import { complain, NOT_FOUND_EXIT, type ProgramContext, PROGRAMS } from "./fake-programs.ts";

const SYNTAX_EXIT = 2;

/** one piece of a command line; quoted text is never an operator */
interface Token {
  readonly text: string;
  readonly operator: boolean;
}

/** What a command line means: simple commands, each run depending on how the last one ended. */
interface Step {
  readonly when: "always" | "success" | "failure";
  readonly tokens: readonly Token[];
}

const WHEN: ReadonlyMap<string, Step["when"]> = new Map([
  [";", "always"],
  ["&&", "success"],
  ["||", "failure"],
]);

const OPERATORS = /^(&&|\|\||>>|[12]?>&[12]|>|[;|&<(){}`])/;

class ShellExit {
  readonly exitCode: number;

  constructor(exitCode: number) {
    this.exitCode = exitCode;
  }
}

/** @param args further words for the last command, as `"$@"` */
export async function runShell(
  script: string,
  args: readonly string[],
  context: ProgramContext,
): Promise<number> {
  const tokens = tokenize(script, context.env);
  if (!tokens) return complain(context, "sh: unmatched quote", SYNTAX_EXIT);
  const steps = stepsOf([...tokens, ...args.map((text) => ({ text, operator: false }))]);
  let exitCode = 0;
  for (const { when, tokens: words } of steps) {
    if (when === "success" && exitCode !== 0) continue;
    if (when === "failure" && exitCode === 0) continue;
    const result = await runStep(words, context, exitCode);
    if (result instanceof ShellExit) return result.exitCode;
    exitCode = result;
  }
  return exitCode;
}

/** A login shell on its standard input: each line is run; the prompt is `PS1`, and none without it. */
export async function runInteractive(context: ProgramContext): Promise<number> {
  let exitCode = 0;
  let rest = "";
  const prompt = Buffer.from(context.env.get("PS1") ?? "");
  if (prompt.length > 0) await context.write("stdout", prompt);
  for await (const chunk of context.stdin) {
    const lines = `${rest}${Buffer.from(chunk).toString()}`.split(/[\r\n]/);
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (/^exit\b/.test(line)) return runShell(line, [], context);
      exitCode = await runShell(line, [], context);
      if (prompt.length > 0) await context.write("stdout", prompt);
    }
  }
  return exitCode;
}

async function runStep(
  tokens: readonly Token[],
  context: ProgramContext,
  lastExitCode: number,
): Promise<number | ShellExit> {
  const command = redirected(tokens, context);
  if (typeof command === "string") return complain(context, `sh: ${command}`, SYNTAX_EXIT);
  const [name, ...args] = command.words;
  if (name === undefined) return 0;
  if (name === "exit") return new ShellExit(Number(args[0] ?? lastExitCode) & 0xff);
  const program = PROGRAMS.get(name);
  if (!program) return complain(context, `sh: ${name}: not found`, NOT_FOUND_EXIT);
  const exitCode = await program(args, command.context);
  await command.finish();
  return exitCode;
}

interface Command {
  readonly words: readonly string[];
  readonly context: ProgramContext;
  /** writes what was redirected into a file */
  readonly finish: () => Promise<void>;
}

async function nothingToFinish(): Promise<void> {
  // the output was not sent to a file
}

/** @returns the command with its output where it was sent, or what is wrong with it */
function redirected(tokens: readonly Token[], context: ProgramContext): Command | string {
  const words: string[] = [];
  let write = context.write;
  let finish = nothingToFinish;
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at];
    if (!token?.operator) {
      if (token) words.push(token.text);
    } else if (token.text.endsWith(">&2")) {
      write = (_, bytes) => context.write("stderr", bytes);
    } else if (token.text.endsWith(">&1")) {
      write = (_, bytes) => context.write("stdout", bytes);
    } else if (token.text === ">" || token.text === ">>") {
      const target = tokens[++at]?.text;
      if (target === undefined) return "a redirection needs a file";
      const chunks: Uint8Array[] = [];
      const { write: outer } = context;
      write = async (stream, bytes) => {
        if (stream === "stdout") chunks.push(bytes);
        else await outer(stream, bytes);
      };
      const appends = token.text === ">>";
      finish = () => store(context, absolute(target), Buffer.concat(chunks), appends);
    } else {
      return `this shell has no ${token.text}`;
    }
  }
  return { words, context: { ...context, write }, finish };
}

async function store(
  context: ProgramContext,
  name: string,
  content: Buffer,
  appends: boolean,
): Promise<void> {
  const { files } = context.guest;
  await context.guest.writable(context.signal);
  const before = appends ? files.find(name) : undefined;
  const start = before?.kind === "file" ? before.content : Buffer.alloc(0);
  files.write(name, Buffer.concat([start, content]), undefined);
}

function stepsOf(tokens: readonly Token[]): readonly Step[] {
  const steps: Step[] = [];
  let when: Step["when"] = "always";
  let words: Token[] = [];
  for (const token of tokens) {
    const next = token.operator ? WHEN.get(token.text) : undefined;
    if (next === undefined) {
      words.push(token);
      continue;
    }
    steps.push({ when, tokens: words });
    when = next;
    words = [];
  }
  return [...steps, { when, tokens: words }];
}

/** @returns `undefined` when a quote is not closed */
function tokenize(script: string, env: ReadonlyMap<string, string>): Token[] | undefined {
  const tokens: Token[] = [];
  let rest = script.replaceAll("\n", ";");
  let word: string | undefined;
  const endWord = () => {
    if (word !== undefined) tokens.push({ text: word, operator: false });
    word = undefined;
  };
  while (rest !== "") {
    const operator = OPERATORS.exec(rest)?.[0];
    const piece = /^\s+|^'[^']*'|^"[^"]*"|^\\.|^[^\s'"\\;&|<>(){}`]+/.exec(rest)?.[0];
    if (operator !== undefined) {
      endWord();
      tokens.push({ text: operator, operator: true });
    } else if (piece === undefined) {
      return undefined;
    } else if (piece.trim() === "") {
      endWord();
    } else {
      word = (word ?? "") + meaningOf(piece, env);
    }
    rest = rest.slice((operator ?? piece ?? "").length);
  }
  endWord();
  return tokens;
}

function meaningOf(piece: string, env: ReadonlyMap<string, string>): string {
  if (piece.startsWith("'")) return piece.slice(1, -1);
  if (piece.startsWith("\\")) return piece.slice(1);
  const text = piece.startsWith('"') ? piece.slice(1, -1) : piece;
  return text.replaceAll(
    /\$(?:\{(\w+)\}|(\w+))/g,
    (_, braced?: string, plain?: string) => env.get(braced ?? plain ?? "") ?? "",
  );
}
