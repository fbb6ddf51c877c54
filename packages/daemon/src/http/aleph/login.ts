/** The operator's way in: the secret of this run of the daemon becomes a cookie. */

import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from "fastify";

import { isOfOtherPages } from "../origins.ts";
import { sendJson } from "./answers.ts";
import { sendSignedInPage, sendSignInPage } from "./login-page.ts";
import type { AlephParts } from "./parts.ts";
import { parameter } from "./query.ts";
import { PUBLIC } from "./route-rule.ts";

export const login: FastifyPluginAsync<AlephParts> = async (app, parts) => {
  const { login: secret, settings, version } = parts;
  const facts = { domain: settings.domainName, version };

  app.get("/about/login", { config: PUBLIC }, async (request, reply) => {
    const token = parameter(request, "token");
    if (secret.admits(token)) return signedIn(request, reply);
    if (!isOfPerson(request)) return sendJson(reply, { success: false }, 401);
    const { headers } = request;
    const isIn = token === undefined && !isOfOtherPages(headers);
    if (isIn && secret.admitsCookie(headers.cookie)) return sendSignedInPage(reply, facts);
    return sendSignInPage(reply, facts, token === undefined ? undefined : WRONG);
  });

  /** A browser lands on a page for people, without the secret in its address; everybody else where the API says. */
  const signedIn = (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    if (settings.strictReference) return sendJson(reply, { error: "302: Found" }, 302);
    // No Secure: nodes are served over HTTP, with HTTPS in front of some.
    const cookie = `token=${secret.cookie}; HttpOnly; SameSite=Lax; Path=/`;
    const next = isOfPerson(request) ? "/about/login" : "/about/config";
    return reply
      .header("set-cookie", cookie)
      .header("referrer-policy", "no-referrer")
      .redirect(next, 302);
  };
};

const WRONG = "That is not this node's token: the daemon may have been started anew since.";

function isOfPerson({ headers }: FastifyRequest): boolean {
  return headers.accept?.includes("text/html") === true;
}
