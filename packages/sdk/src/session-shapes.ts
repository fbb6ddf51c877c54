/** What `/v1/session` takes and answers, spelled out as `native-shapes.ts` does the rest. Times as RFC 3339. */

/** One of both: the daemon's token, or a code that was made for one sign-in. */
export interface SignIn {
  token?: string;
  code?: string;
}

export interface Session {
  /** `not_needed`: the listener asks nobody for a token */
  sign_in: "needed" | "not_needed";
  /** whether this client may call the rest */
  signed_in: boolean;
  /** when the session ends unless it is renewed; absent without one */
  expires_at?: string;
}

export interface SignInCode {
  /** for one sign-in */
  code: string;
  expires_at: string;
  /** the console's own address on the host; absent when nothing is served on TCP */
  console_url?: string;
}
