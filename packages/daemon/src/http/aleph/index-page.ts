/** The page that people see who open the node's own name. */

import type { AlephParts } from "./parts.ts";

export function indexPage({
  settings,
  version,
  executions,
}: Pick<AlephParts, "settings" | "version" | "executions">): string {
  const running = executions.list().filter((view) => view.running).length;
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>${escaped(settings.domainName)}</title></head>
<body>
<h1>${escaped(settings.domainName)}</h1>
<p>This is an Aleph compute node, version ${escaped(version)}. It runs ${running} virtual machines.</p>
<ul>
<li><a href="/about/usage/system">Use of the node</a></li>
<li><a href="/status/config">Its configuration</a></li>
<li><a href="/about/executions/list">What it runs</a></li>
</ul>
</body>
</html>
`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (it) => `&#${it.codePointAt(0)};`);
}
