/** Who may import whom. Prose and reasons: docs/rooms.md. Run by scripts/rooms-check.ts. */

const DAEMON = "^packages/daemon/src/";
const TEST = "\\.test\\.ts$";
const PROD = { pathNot: `${TEST}|${DAEMON}testing/|${DAEMON}drivers/conformance[^/]*\\.ts$` };

/** `name` may import only itself and `mayUse`. Tests are free. */
const room = (name, mayUse) => ({
  name: `room-${name}`,
  severity: "error",
  from: { path: `${DAEMON}${name}/`, ...PROD },
  to: { path: DAEMON, pathNot: [`${DAEMON}${name}/`, ...mayUse] },
});

/** Children of `folder` (one per driver, one per surface) know `shared/`, never each other. */
const strangers = (name, folder) => ({
  name: `strangers-${name}`,
  severity: "error",
  from: { path: `${DAEMON}${folder}/([^/]+)/`, ...PROD },
  to: {
    path: `${DAEMON}${folder}/[^/]+/`,
    pathNot: [`${DAEMON}${folder}/$1/`, `${DAEMON}${folder}/shared/`],
  },
});

/** `path` may not touch these Node built-ins: it must ask through a port. */
const pure = (name, path, builtins) => ({
  name: `pure-${name}`,
  severity: "error",
  from: { path, ...PROD },
  to: { dependencyTypes: ["core"], path: `^(node:)?(${builtins})(/|$)` },
});

/** `path` needs nothing that is installed. */
const plain = (name, path) => ({
  name: `plain-${name}`,
  severity: "error",
  from: { path, ...PROD },
  to: { path: "(^|/)node_modules/" },
});

/** The package `name` may import only itself, the packages of ours and the libraries named. */
const parcel = (name, ours, libraries) => ({
  name: `package-${name}`,
  severity: "error",
  from: { path: `^packages/${name}/src/`, pathNot: TEST },
  to: {
    path: "^packages/|(^|/)node_modules/",
    pathNot: [
      ...[name, ...ours].map((one) => `^packages/${one}/src/`),
      `^packages/${name}/package\\.json$`,
      ...libraries.map((one) => `(^|/)node_modules/${one}/`),
    ],
  },
});

const CONSOLE = "^packages/console/src/";
const CORE = `${DAEMON}core/`;
const PORTS = `${DAEMON}core/ports/`;
const LIB = `${DAEMON}lib/`;
const PROCESS = `${DAEMON}process/`;

/** What is not in the SDK's node/, its entry for Node apart, runs anywhere. */
const SDK_EVERYWHERE = {
  path: "^packages/sdk/src/",
  pathNot: `${TEST}|^packages/sdk/src/(node/|testing/|index\\.ts$)`,
};

module.exports = {
  forbidden: [
    room("lib", []),
    room("core", [LIB]),
    room("process", [LIB]),
    room("drivers", [CORE, LIB, PROCESS]),
    room("guest", [CORE, LIB]),
    room("host", [CORE, LIB, PROCESS]),
    room("images", [CORE, LIB, PROCESS]),
    room("network", [CORE, LIB, PROCESS]),
    room("secrets", [CORE, LIB]),
    room("store", [CORE, LIB]),
    room("wallets", [CORE, LIB]),
    room("messages", [CORE, LIB]),
    room("proxy", [CORE, LIB, PROCESS]),
    room("http", [CORE, LIB]),
    room("config", [PORTS, `${DAEMON}core/(aleph|group|image|network)/`, LIB]),
    room("log", [PORTS, LIB]),
    strangers("drivers", "drivers"),
    strangers("surfaces", "http"),
    pure("core", CORE, "fs|child_process|net|http|http2|https|tls|dgram|dns|sqlite|os|process"),
    pure("http", `${DAEMON}http/`, "fs|child_process|sqlite"),
    plain("core", CORE),
    plain("lib", LIB),
    {
      name: "only-process-spawns",
      severity: "error",
      from: { path: DAEMON, ...PROD, pathNot: `${PROD.pathNot}|${PROCESS}` },
      to: { dependencyTypes: ["core"], path: "^(node:)?child_process$" },
    },
    {
      name: "only-store-opens-the-database",
      severity: "error",
      from: { path: DAEMON, pathNot: `${PROD.pathNot}|${DAEMON}store/` },
      to: { dependencyTypes: ["core"], path: "^(node:)?sqlite$" },
    },
    {
      name: "tests-stay-in-tests",
      severity: "error",
      from: { path: "^packages/", ...PROD },
      to: { path: PROD.pathNot },
    },
    {
      name: "nobody-imports-main",
      severity: "error",
      from: { path: "^packages/", pathNot: TEST },
      to: { path: "^packages/[^/]+/src/main\\.ts$" },
    },
    parcel("api", [], ["typebox"]),
    {
      name: "pure-api",
      severity: "error",
      from: { path: "^packages/api/src/", pathNot: TEST },
      to: { dependencyTypes: ["core"] },
    },
    parcel("sdk", ["api"], ["ws", "@types/ws", "modern-tar"]),
    {
      name: "sdk-needs-no-node",
      severity: "error",
      from: SDK_EVERYWHERE,
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "sdk-runs-in-browsers",
      severity: "error",
      from: SDK_EVERYWHERE,
      to: { path: "^packages/sdk/src/(node|testing)/|(^|/)node_modules/" },
    },
    parcel("cli", ["api", "sdk"], ["commander", "picocolors", "@noble/curves", "@noble/hashes"]),
    {
      name: "daemon-stands-alone",
      severity: "error",
      from: { path: DAEMON, pathNot: TEST },
      to: { path: "^packages/(sdk|cli|console)/" },
    },
    parcel(
      "console",
      ["sdk"],
      [
        "react",
        "@types/react",
        "react-dom",
        "@types/react-dom",
        "@tanstack/[^/]+",
        "wouter",
        "lucide-react",
        "@xterm/[^/]+",
        "uplot",
      ],
    ),
    {
      name: "console-knows-the-browser-alone",
      severity: "error",
      from: { path: CONSOLE, pathNot: TEST },
      to: { path: "^packages/sdk/src/", pathNot: "^packages/sdk/src/browser/index\\.ts$" },
    },
    {
      name: "console-parts-have-no-opinion",
      severity: "error",
      from: { path: `${CONSOLE}ui/`, pathNot: TEST },
      to: { path: CONSOLE, pathNot: `${CONSOLE}ui/` },
    },
    { name: "no-cycles", severity: "error", from: { path: "^packages/" }, to: { circular: true } },
    {
      name: "no-unresolvable",
      severity: "error",
      from: { path: "^packages/" },
      to: { couldNotResolve: true },
    },
    {
      name: "declared",
      comment: "a package may import only what its own package.json names",
      severity: "error",
      from: { path: "^packages/", ...PROD },
      to: { dependencyTypes: ["npm-no-pkg", "npm-unknown"] },
    },
  ],
  options: {
    parser: "tsc", // TypeScript 6, lent by scripts/typescript-6-for-rooms.mjs: it says why
    doNotFollow: { path: "node_modules" },
    exclude: { path: "(^|/)(dist|generated|fixtures)/" },
    tsPreCompilationDeps: true, // type-only imports count: a type is knowledge too
    combinedDependencies: false,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "types"],
      extensions: [".ts", ".tsx", ".js", ".json", ".d.ts", ".css"],
    },
  },
};
