/** The operator's way in: a link with the secret of this run of the daemon becomes a cookie. */

import type { FastifyPluginAsync } from "fastify";

import { sendJson } from "./answers.ts";
import type { AlephParts } from "./parts.ts";
import { parameter } from "./query.ts";
import { PUBLIC } from "./route-rule.ts";

export const login: FastifyPluginAsync<AlephParts> = async (app, parts) => {
  app.get("/about/login", { config: PUBLIC }, async (request, reply) => {
    if (parts.login.admits(parameter(request, "token"))) {
      if (parts.settings.strictReference) return sendJson(reply, { error: "302: Found" }, 302);
      const cookie = `token=${parts.login.text}; HttpOnly; SameSite=Lax; Path=/`;
      return reply.header("set-cookie", cookie).redirect("/about/config", 302);
    }
    if (request.headers.accept?.includes("text/html") === true)
      return reply.code(401).type("text/html; charset=utf-8").send(FORM);
    return sendJson(reply, { success: false }, 401);
  });
};

const FORM = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Node login</title>
<form method="get" action="/about/login">
<label>Token <input name="token" type="password" autocomplete="off" required autofocus></label>
<button>Log in</button>
</form>
<p>The token is in the file login_token of the node's directory.</p>
</html>
`;
