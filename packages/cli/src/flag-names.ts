/** What the API's fields are called on the command line, for its words about a wrong one. */

const FLAGS: Readonly<Record<string, string>> = {
  cmd: "the command",
  cpus: "--cpus",
  data: "the secret's content",
  disk_image: "--image",
  env: "--env",
  gpu_count: "--gpus",
  import_user: "--import-user",
  ip: "--ip",
  lines: "--lines",
  network: "--allow and --drop",
  "network.allow": "--allow",
  "network.drop": "--drop",
  permissions: "--permissions",
  persistent: "--persistent",
  ram_bytes: "--ram-mb",
  ring_bytes: "--ring-bytes",
  secrets: "--secret",
  ssh_keys: "--ssh-key",
  tags: "--tag",
  timeout: "--timeout",
  userdata: "--userdata",
};

/** @param message as the API says it: `field: what is wrong`, several of them after semicolons */
export function inFlags(message: string): string {
  return message.replace(
    /(^|; )([a-z_.]+)(?:\[\d+\]|\.\d+)?(?=: )/g,
    (whole, before: string, field: string) => {
      const flag = FLAGS[field];
      return flag === undefined ? whole : before + flag;
    },
  );
}
