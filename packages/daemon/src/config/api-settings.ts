/** Where the API is served: the environment over the file, and both over the defaults. */

import type { ApiBlock, TcpAddress } from "./api-block.ts";
import type { DaemonFile } from "./daemon-file.ts";
import type { SettingsReader } from "./settings-reader.ts";

export interface ApiSettings {
  /** whether the daemon serves its own Unix socket in the runtime directory */
  readonly ownSocket: "on" | "off";
  readonly tcp: (TcpAddress & { readonly auth: "on" | "off" }) | undefined;
  /** a Unix socket that the file asks for; absolute path */
  readonly socket: { readonly path: string; readonly auth: "on" | "off" } | undefined;
}

const WITHOUT_FILE: ApiBlock = {
  enabled: true,
  tcp: { address: "127.0.0.1", port: 8080 },
  socketPath: undefined,
  auth: "on",
};

const ADDRESS = "ALCOVE_LISTEN_ADDRESS";
const PORT = "ALCOVE_LISTEN_PORT";

export function apiSettings(read: SettingsReader, file: DaemonFile | undefined): ApiSettings {
  const block = file?.api ?? WITHOUT_FILE;
  const { enabled, socketPath: path, auth = "off" } = block;
  const tcp = enabled ? block.tcp : undefined;
  const settings: ApiSettings = {
    ownSocket: enabled ? "on" : "off",
    tcp: tcpSettings(read, tcp, auth),
    socket: enabled && path !== undefined ? { path, auth } : undefined,
  };
  if (file) sayWhatWins(read, settings.tcp, tcp && { ...tcp, auth });
  return settings;
}

function tcpSettings(
  read: SettingsReader,
  inFile: TcpAddress | undefined,
  auth: "on" | "off",
): ApiSettings["tcp"] {
  const tcp = {
    address: read.text(ADDRESS, inFile?.address ?? ""),
    port: read.integer(PORT, inFile?.port ?? 0, [0, 65_535]),
    auth: read.oneOf("ALCOVE_AUTH", auth === "on" ? ["on", "off"] : ["off", "on"]),
  };
  return inFile && tcp;
}

/** The environment wins, and it is never silent about it. */
function sayWhatWins(
  read: SettingsReader,
  used: ApiSettings["tcp"],
  inFile: ApiSettings["tcp"],
): void {
  if (!used || !inFile) {
    for (const name of [ADDRESS, PORT].filter((it) => read.isSet(it))) {
      read.problem(`${name} is set, but the configuration file wants nothing on TCP: unset it`);
    }
    return;
  }
  sayIfOther(read, ADDRESS, [used.address, inFile.address]);
  sayIfOther(read, PORT, [String(used.port), String(inFile.port)]);
  sayIfOther(read, "ALCOVE_AUTH", [used.auth, inFile.auth]);
}

function sayIfOther(
  read: SettingsReader,
  name: string,
  [used, inFile]: readonly [string, string],
): void {
  if (used !== inFile)
    read.warning(`${name}=${used} is used, not the configuration file's ${inFile}`);
}
