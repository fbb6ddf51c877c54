/** What people see who come by: the page at the node's own name, and the operator's way in. */

import type { FastifyPluginAsync } from "fastify";

import { sendJson } from "./answers.ts";
import { sendUnknown } from "./not-found.ts";
import type { AlephParts } from "./parts.ts";
import { parameter } from "./query.ts";
import { PUBLIC } from "./route-rule.ts";

const OPEN = { rule: { who: "anyone", cors: false } } as const;

export const pages: FastifyPluginAsync<AlephParts> = async (app, parts) => {
  const { settings, version } = parts;
  const names = new Set([settings.domainName, ...settings.extraDomains]);

  app.get("/", { config: OPEN }, async (request, reply) => {
    const host = (request.headers.host ?? "").replace(/:\d+$/, "");
    // Another name could be a program's.
    if (!names.has(host)) return sendUnknown(request, reply);
    return reply.type("text/html; charset=utf-8").send(page(settings.domainName, version));
  });

  // A link with the secret of this run of the daemon becomes a cookie.
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

function page(name: string, version: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>${name}</title>
<h1>${name}</h1>
<p>A compute node of the Aleph network: aleph-vm ${version}.</p>
<ul>
<li><a href="/v2/about/executions/list">What runs here</a></li>
<li><a href="/about/usage/system">How much is in use</a></li>
<li><a href="/status/check/host">Whether the host is well</a></li>
<li><a href="/about/login">For the operator</a></li>
</ul>
</html>
`;
}
