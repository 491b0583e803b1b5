// The package for npm: what is in it, that it installs, compiles and runs on Node without any client.
import { fileURLToPath } from "node:url";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { findServer, isMissing } from "../scripts/servers/provision.ts";
import { run, type RunResult } from "../scripts/servers/run.ts";
import { startServer } from "../scripts/servers/server.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
/** Holds the program itself; the package `node` would need an install script to get it. */
const NODE = `node-${Deno.build.os}-${Deno.build.arch === "aarch64" ? "arm64" : "x64"}`;

const MEMORY_PROGRAM = `
import { SessionManager } from "@hakgal/sessions";
const manager = await SessionManager.open({ backend: "memory" });
const acme = manager.tenant("acme");
await acme.getOrCreate("user-42", { plan: "free" });
await acme.increment("user-42", "tx_count_1h");
console.log(JSON.stringify((await acme.get("user-42")).context));
await manager.close();
`;

const SQLITE_PROGRAM = MEMORY_PROGRAM.replace(
  `backend: "memory"`,
  `backend: "sqlite", url: "sessions.db"`,
);

const IOREDIS_PROGRAM = MEMORY_PROGRAM.replace(
  `backend: "memory"`,
  `backend: "ioredis", url: process.argv[2]`,
);

const MISSING_PROGRAM = `
import { SessionManager } from "@hakgal/sessions";
for (const backend of ["ioredis", "node-redis", "valkey-glide"]) {
  const error = await SessionManager.open({ backend, url: "redis://127.0.0.1:1" }).catch((e) => e);
  console.log(error.name + ": " + error.message);
}
`;

const PLAIN_TYPES = `
import { type Session, SessionManager } from "@hakgal/sessions";
import { memoryAdapter } from "@hakgal/sessions/adapters/memory";
import { sqliteAdapter } from "@hakgal/sessions/adapters/sqlite";
interface Context { readonly plan: string; readonly count?: number }
const manager = await SessionManager.open<Context>({ backend: "memory" });
export const session: Session<Context> = await manager.tenant("acme").getOrCreate("user-42", { plan: "free" });
export const adapters = [memoryAdapter(), sqliteAdapter({ path: "sessions.db" })];
// @ts-expect-error The context has no such field.
session.context.plam;
`;

const CLIENT_TYPES = `
import { SessionManager } from "@hakgal/sessions";
import { ioredisAdapter } from "@hakgal/sessions/adapters/ioredis";
import { nodeRedisAdapter } from "@hakgal/sessions/adapters/node-redis";
import { valkeyGlideAdapter } from "@hakgal/sessions/adapters/valkey-glide";
import { runConformance } from "@hakgal/sessions/chaos/conformance";
import { openTelemetry } from "@hakgal/sessions/observability/opentelemetry";
import { prometheusMetrics } from "@hakgal/sessions/observability/prometheus";
const url = "redis://127.0.0.1";
export const managers = [ioredisAdapter({ url }), nodeRedisAdapter({ url }), valkeyGlideAdapter({ url })]
  .map((adapter) => new SessionManager({ adapter }));
export { openTelemetry, prometheusMetrics, runConformance };
`;

/** A project of a user's, which has the package installed. */
class Project {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  async install(...packages: string[]): Promise<void> {
    const flags = ["--no-audit", "--no-fund", "--prefer-offline", "--loglevel=http"];
    await this.#must(["npm", "install", ...flags, ...packages]);
  }

  async node(program: string, ...args: string[]): Promise<string> {
    await Deno.writeTextFile(`${this.folder}/program.mjs`, program);
    return (await this.#must([this.#node, "--no-warnings", "program.mjs", ...args])).stdout.trim();
  }

  async compile(program: string, ...flags: string[]): Promise<void> {
    await Deno.writeTextFile(`${this.folder}/program.mts`, program);
    await this.#must([
      ...[this.#node, "node_modules/typescript/bin/tsc", "--noEmit", "--strict"],
      ...["--target", "es2022", "--lib", "es2022,dom", "--module", "nodenext"],
      ...[...flags, "program.mts"],
    ]);
  }

  get #node(): string {
    return `${this.folder}/node_modules/${NODE}/bin/node`;
  }

  async #must(command: readonly string[]): Promise<RunResult> {
    const result = await run(command, { cwd: this.folder });
    assert(
      result.code === 0,
      `${command.join(" ")} ended with code ${result.code}:\n${result.stderr}${result.stdout}`,
    );
    return result;
  }
}

async function build(out: string): Promise<string> {
  const built = await run([
    ...[Deno.execPath(), "run", "-A", `${ROOT}scripts/build_npm.ts`, "--out", out],
  ]);
  assertEquals(built.code, 0, built.stderr + built.stdout);
  const [tarball] = [...Deno.readDirSync(out)].filter(({ name }) => name.endsWith(".tgz"));
  assert(tarball, "no tarball was made");
  return `${out}/${tarball.name}`;
}

async function checkContents(tarball: string): Promise<void> {
  const files = (await run(["tar", "-tzf", tarball])).stdout.trim().split("\n");
  const strange = files.filter((file) =>
    !/^package\/(package\.json|LICENSE|README\.md|CHANGELOG\.md|(mod|(core|adapters|chaos|cli|integrations|observability)\/.*)(\.js|\.d\.ts)|observability\/\w+\/\w+\.(yml|json))$/
      .test(file) || /_test\.|\/tests?\/|mutants?[./]/.test(file)
  );
  assertEquals(strange, []);
  const failpoint = await run(["tar", "-xzOf", tarball, "package/core/failpoint.js"]);
  assertMatch(failpoint.stdout, /export function failpoint\(_place, _pod\) ?\{ ?\}/);
  const manifest = JSON.parse(
    (await run(["tar", "-xzOf", tarball, "package/package.json"])).stdout,
  );
  const dependencies = [
    "@noble/hashes",
    "commander",
    "fastest-levenshtein",
    "lru-cache",
  ];
  assertEquals(Object.keys(manifest.dependencies), dependencies);
  for (const client of ["ioredis", "@redis/client", "redis", "@valkey/valkey-glide"]) {
    assertMatch(manifest.peerDependencies[client], /^\^\d/);
    assertEquals(manifest.peerDependenciesMeta[client], { optional: true });
  }
  const { exports } = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`));
  for (const entry of Object.keys(exports)) {
    const { types, default: module } = manifest.exports[entry];
    assert(files.includes(`package/${types.slice(2)}`), `${entry} has no types`);
    assert(files.includes(`package/${module.slice(2)}`), `${entry} has no module`);
  }
}

Deno.test("the npm package compiles, runs and says what is missing on Node 22", async (t) => {
  const folder = await Deno.makeTempDir({ prefix: "hakgal-npm-test-" });
  try {
    const tarball = await build(`${folder}/out`);
    await t.step("it holds modules, types and documents, no tests", () => checkContents(tarball));
    const project = new Project(`${folder}/project`);
    await Deno.mkdir(project.folder);
    await Deno.writeTextFile(`${project.folder}/package.json`, `{ "private": true }`);
    await project.install(tarball, `${NODE}@22`, "typescript@7", "@types/node@22");
    await t.step("its types compile without any client", async () => {
      await project.compile(PLAIN_TYPES);
      await project.compile(CLIENT_TYPES, "--types", "node");
    });
    const expected = `{"plan":"free","tx_count_1h":1}`;
    await t.step("it runs on memory and SQLite", async () => {
      assertEquals(await project.node(MEMORY_PROGRAM), expected);
      assertEquals(await project.node(SQLITE_PROGRAM), expected);
    });
    await t.step("a missing client is a ConfigError that says which package to add", async () => {
      const said = await project.node(MISSING_PROGRAM);
      for (const name of ["ioredis", "@redis/client", "@valkey/valkey-glide"]) {
        assertStringIncludes(
          said,
          `ConfigError: The package ${name} is not installed. Add it: npm install ${name}`,
        );
      }
    });
    await t.step("it runs on a server once ioredis is added", async () => {
      const binary = await findServer("redis", { provision: true });
      if (isMissing(binary)) throw new Error(binary.missing);
      await using server = await startServer(binary);
      await project.install("ioredis");
      assertEquals(await project.node(IOREDIS_PROGRAM, server.url), expected);
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
