/** What a host says of terminals, spelled out: the package that has the schemas is not published. A test holds these to them. */

export interface TerminalRequest {
  /** 1 to 1,000, as rows */
  cols: number;
  rows: number;
  /** absent: the guest's default user */
  uid?: number;
  gid?: number;
  /** absent: the user's login shell */
  shell?: string;
  /** absent: the user's home */
  cwd?: string;
}

export interface NewTerminal {
  id: string;
  /** RFC 3339, by the guest's clock */
  created_at: string;
}

export interface Terminal {
  id: string;
  /** RFC 3339, by the guest's clock */
  created_at: string;
  /** for people: the shell that was asked for, or `login shell` */
  command: string;
  /** of the user it belongs to */
  uid: number;
  exited: boolean;
  /** 128 + the number of the signal that ended it; absent while it runs */
  exit_code?: number;
}
