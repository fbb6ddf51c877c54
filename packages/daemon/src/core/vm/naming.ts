/** Host names of VMs: the group's name, a dash and the lowest free number, from 1. */
export function nextHostname(group: string, taken: ReadonlySet<string>): string {
  for (let number = 1; ; number += 1) {
    const hostname = `${group}-${number}`;
    if (!taken.has(hostname)) return hostname;
  }
}
