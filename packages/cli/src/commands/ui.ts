/** `ui`: an address of the web console that signs in whoever opens it. */

import { spawn } from "node:child_process";
import { once } from "node:events";

import { Command } from "commander";

import { type Cli, type JsonFlag, withConnection, withJson } from "../cli.ts";
import { EXIT } from "../exit-codes.ts";
import { CommandError } from "../failure.ts";
import { printableLine } from "../printable.ts";

interface UiFlags extends JsonFlag {
  readonly open?: boolean;
}

const OPENER = process.platform === "darwin" ? "open" : "xdg-open";

export function ui(cli: Cli): Command {
  const command = new Command("ui")
    .description("print an address of the web console that signs in, once and within ten minutes")
    .option("--open", "open it in a browser here");
  return withConnection(withJson(command)).action(async (flags: UiFlags, self: Command) => {
    using client = cli.client(self);
    const { code, expires_at, console_url } = await client.native.session.code(cli.signal);
    const url = `${consoleAt(client.endpoint, console_url)}#code=${code}`;
    if (flags.json) cli.printJson({ url, expires_at });
    else cli.print(printableLine(url));
    if (flags.open && !(await opened(url))) {
      cli.say(`${OPENER} could not open it: copy the address into a browser.`);
    }
  });
}

/** Where this command found the daemon, unless that was its Unix socket. */
function consoleAt(endpoint: string, ofDaemon: string | undefined): string {
  if (/^https?:/.test(endpoint)) return `${endpoint.replace(/\/$/, "")}/ui/`;
  if (ofDaemon !== undefined) return ofDaemon;
  throw new CommandError("The daemon serves nothing on TCP: no browser can reach it", EXIT.failed, {
    code: "no_tcp",
    advice: "Name an address and a port in the configuration's api block.",
  });
}

/** @returns whether the opener began; the browser is not waited for */
async function opened(url: string): Promise<boolean> {
  const child = spawn(OPENER, [url], { stdio: "ignore", detached: true });
  child.unref();
  return await once(child, "spawn").then(
    () => true,
    () => false,
  );
}
