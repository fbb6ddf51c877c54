/**
 * What people see who sign in at the node's own address. One page that needs nothing else: its style is in it, and the
 * policy that goes with it lets in that style and nothing besides.
 *
 * The console is not served here: programs of strangers answer at `/vm/…` of the same origin, and what a page of theirs
 * could do there would be done with whatever the console may do.
 */

import { createHash } from "node:crypto";

import type { FastifyReply } from "fastify";

export interface PageFacts {
  readonly domain: string;
  readonly version: string;
}

/** @param problem what was wrong with the last attempt */
export function sendSignInPage(
  reply: FastifyReply,
  facts: PageFacts,
  problem: string | undefined,
): FastifyReply {
  const alert = problem === undefined ? "" : `<p class="bad" role="alert">${escaped(problem)}</p>`;
  const described = problem === undefined ? "" : ' aria-invalid="true"';
  return sendPage(reply.code(401), {
    title: `Sign in · ${facts.domain}`,
    body: `<h1>Sign in as the node's operator</h1>
<p>${place(facts)}</p>
<form method="get" action="/about/login">
<label for="token">Token</label>
<input id="token" name="token" type="password" autocomplete="off" required autofocus${described}>
${alert}<button>Sign in</button>
</form>
<p class="aside">The token is in the file <code>login_token</code> of the node's directory, <code>aleph</code> in the
daemon's state directory unless it was set otherwise. Each start of the daemon makes a new one.</p>`,
  });
}

export function sendSignedInPage(reply: FastifyReply, facts: PageFacts): FastifyReply {
  return sendPage(reply.code(200), {
    title: `Signed in · ${facts.domain}`,
    body: `<h1>You are signed in</h1>
<p>${place(facts)}</p>
<ul>
<li><a href="/about/executions/details">What runs here, in full</a></li>
<li><a href="/about/config">All settings</a></li>
<li><a href="/about/usage/system">Use of the host</a></li>
<li><a href="/status/check/host">Whether the host reaches the network</a></li>
</ul>
<p class="aside">To look at executions and to stop, reboot or erase them, open the host's console, at <code>/ui/aleph</code>
of the address where its own API listens. <code>alcove ui</code> on the host prints a link that signs you in there. When
you reach it by the same host name as this page, this sign-in counts there, too.</p>`,
  });
}

function place({ domain, version }: PageFacts): string {
  return `<strong>${escaped(domain)}</strong>, a node of the Aleph network. Version ${escaped(version)}.`;
}

function sendPage(
  reply: FastifyReply,
  { title, body }: { readonly title: string; readonly body: string },
): FastifyReply {
  return reply
    .headers({
      "content-security-policy": POLICY,
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
      "cross-origin-opener-policy": "same-origin",
      "cache-control": "no-store",
    })
    .type("text/html; charset=utf-8").send(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
${body}
</main>
</body>
</html>
`);
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (it) => `&#${it.codePointAt(0)};`);
}

/** in the colours of the console */
const STYLE = `
:root { color-scheme: light dark; --ground: #f6f7f7; --card: #fff; --line: #dde2e2; --text: #182021; --soft: #5f6c6e; --accent: #0b6b63; --on-accent: #fff; --bad: #b42318 }
@media (prefers-color-scheme: dark) {
  :root { --ground: #101415; --card: #171c1e; --line: #2a3335; --text: #e7eced; --soft: #93a0a3; --accent: #4fd1c1; --on-accent: #06201d; --bad: #ff8f85 }
}
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 16px; background: var(--ground); color: var(--text); font: 14px/1.5 system-ui, sans-serif }
main { width: 100%; max-width: 440px; padding: 24px; background: var(--card); border: 1px solid var(--line); border-radius: 8px }
h1 { margin: 0 0 8px; font-size: 18px; line-height: 1.3 }
p { margin: 0 0 16px; overflow-wrap: anywhere }
label { display: block; margin-bottom: 4px; font-weight: 600 }
input, button { width: 100%; padding: 8px 10px; border-radius: 6px; font: inherit }
input { border: 1px solid var(--soft); background: var(--ground); color: inherit }
button { margin: 12px 0 16px; border: 0; background: var(--accent); color: var(--on-accent); font-weight: 600; cursor: pointer }
a { color: var(--accent) }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px }
ul { margin: 0 0 16px; padding-left: 20px }
code { font-size: 13px }
.aside { margin: 0; color: var(--soft) }
.bad { margin: 8px 0 0; color: var(--bad) }
`;

/** Nothing but that style, and a form that leads back here. */
const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'`,
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join("; ");
