/** One option of QEMU's command line, with its value if it has one. */
export type Option = readonly [name: string] | readonly [name: string, value: string];
