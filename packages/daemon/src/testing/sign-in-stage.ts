/** A listener with a token, sessions, and a few routes behind it: what tests of who may call what need. */

import { PassThrough } from "node:stream";

import type { FastifyInstance, FastifyPluginAsync } from "fastify";

import { Guesses } from "#core/session/guesses.ts";
import { Sessions } from "#core/session/sessions.ts";
import { SignInCodes } from "#core/session/sign-in-codes.ts";
import { tokenCheck } from "#http/auth.ts";
import { answerErrors } from "#http/errors.ts";
import { session } from "#http/native/session.ts";
import { application } from "#http/server.ts";
import { type Db, openDb } from "#store/db.ts";
import { SqliteSessionStore } from "#store/sqlite-session-store.ts";

import { MovedClock } from "./moved-clock.ts";
import { RememberingLog } from "./remembering-log.ts";

export const STAGE_TOKEN = "t0ken";
export const STAGE_HOST = "localhost:8080";
/** the cookie's name at that host */
export const STAGE_COOKIE = "alcove_session_8080";

export type StageMethod = "GET" | "HEAD" | "POST" | "DELETE";

export interface StageOptions {
  readonly token?: string;
  readonly auth?: "on" | "off";
  /** what an earlier daemon has left */
  readonly db?: Db;
}

export interface StageCall {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: object;
  /** default: loopback */
  readonly from?: string;
}

export interface StageAnswer {
  readonly status: number;
  readonly text: string;
  readonly headers: Readonly<Record<string, unknown>>;
  /** what Set-Cookie says */
  readonly cookie: string | undefined;
}

export class SignInStage implements AsyncDisposable {
  readonly app: FastifyInstance;
  readonly db: Db;
  readonly clock: MovedClock;
  readonly log: RememberingLog;

  private constructor(parts: Pick<SignInStage, "app" | "db" | "clock" | "log">) {
    this.app = parts.app;
    this.db = parts.db;
    this.clock = parts.clock;
    this.log = parts.log;
  }

  /** A daemon's start. */
  static async open({
    token = STAGE_TOKEN,
    auth = "on",
    db,
  }: StageOptions = {}): Promise<SignInStage> {
    const parts = {
      db: db ?? openDb(":memory:"),
      clock: new MovedClock(),
      log: new RememberingLog(),
    };
    const { clock, log } = parts;
    const signIn = { codes: new SignInCodes(clock), clock, consoleUrl: undefined };
    const store = new SqliteSessionStore(parts.db);
    const lock =
      auth === "off"
        ? undefined
        : {
            isToken: tokenCheck(token),
            sessions: new Sessions({ store, clock, log }, token),
            guesses: new Guesses(clock, log),
          };
    const surface: FastifyPluginAsync = async (app) => {
      answerErrors(app, log, ({ message }) => message);
      await app.register(session, { prefix: "/v1", signIn });
      await app.register(things);
    };
    return new SignInStage({ ...parts, app: await application([surface], lock) });
  }

  /** One request without a socket. @param line "GET /thing" */
  async call(
    line: string,
    { headers = {}, body, from = "127.0.0.1" }: StageCall = {},
  ): Promise<StageAnswer> {
    const [method, url] = line.split(" ");
    const wanted = METHODS.find((it) => it === method);
    if (!wanted || url === undefined) throw new Error(`no method or path in ${line}`);
    const answer = await this.app.inject({
      method: wanted,
      url,
      remoteAddress: from,
      headers: { host: STAGE_HOST, ...headers },
      ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
    });
    const cookie = answer.headers["set-cookie"];
    return {
      status: answer.statusCode,
      text: answer.payload,
      headers: answer.headers,
      cookie: cookie === undefined ? undefined : String(cookie),
    };
  }

  /** Signs in. @returns the header that a browser sends from then on */
  async signedIn(from?: string): Promise<{ readonly cookie: string }> {
    const call = { body: { token: STAGE_TOKEN }, ...(from === undefined ? {} : { from }) };
    const { cookie = "", status, text } = await this.call("POST /v1/session", call);
    if (status !== 200) throw new Error(`no session: ${status} ${text}`);
    return { cookie: cookie.split(";", 1)[0] ?? "" };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.app.close();
    if (this.db.isOpen) this.db.close();
  }
}

const METHODS = ["GET", "HEAD", "POST", "DELETE"] as const;

const things: FastifyPluginAsync = async (app) => {
  const guarded = { config: { access: "vm:use" } } as const;
  app.get("/thing", guarded, async () => "a thing");
  app.post("/thing", guarded, async () => "done");
  app.get("/stream", guarded, async (_request, reply) => {
    const endless = new PassThrough();
    endless.write("a beginning");
    return reply.send(endless);
  });
  app.delete("/thing", guarded, async () => "gone");
  app.route({
    method: "GET",
    url: "/socket",
    ...guarded,
    handler: async () => "no upgrade",
    wsHandler: (socket) => socket.close(),
  });
};
