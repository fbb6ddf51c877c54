/** The page of a VM, as a link in the console. @param tab one of its parts; absent: its overview */
export function vmAddress(hostname: string, tab?: "console" | "files"): string {
  const page = `/vms/${encodeURIComponent(hostname)}`;
  return tab === undefined ? page : `${page}/${tab}`;
}
