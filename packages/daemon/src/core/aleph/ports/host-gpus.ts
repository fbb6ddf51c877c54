/** The port to the graphics processors of this host that VMs can be given. */

export interface HostGpus {
  /** read afresh, or remembered: cards do not come and go while a host runs */
  list(): readonly HostGpu[];
}

export interface HostGpu {
  readonly vendor: string;
  readonly model: string | undefined;
  readonly deviceName: string;
  /** PCI class: VGA, or 3D controller */
  readonly deviceClass: "0300" | "0302";
  /** address on the PCI bus, such as `01:00.0` */
  readonly pciHost: string;
  /** PCI ids, `<vendor>:<device>` in hexadecimal */
  readonly deviceId: string;
  /** whether the network lists the card as one that can be rented */
  readonly compatible: boolean;
}
