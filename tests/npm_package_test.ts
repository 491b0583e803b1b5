// The package for npm: what is in it, and that a stranger can install, compile and run it. Every runtime and client
// has its turn in `deno task test:packages`, which takes too long to be run each time.
import { fileURLToPath } from "node:url";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { buildPackage } from "../scripts/npm/build.ts";
import { listFiles } from "../scripts/npm/package.ts";
import { OPTIONAL_PEERS } from "../scripts/npm/peers.ts";
import { startServer } from "../scripts/servers/server.ts";
import { run } from "../scripts/servers/run.ts";
import { Project } from "../scripts/test_packages/project.ts";
import { machineNode, type Runtime } from "../scripts/test_packages/runtimes.ts";
import { checkBare, counted } from "../scripts/test_packages/trial.ts";
import { checkForUsersAlone } from "./support/packages.ts";
import { serverBinary } from "./support/servers.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const REDIS_CLIENTS = ["@redis/client", "@valkey/valkey-glide", "ioredis", "redis"];
const TOOLS = [
  "publint@0.3",
  "@arethetypeswrong/cli@0.18",
  "typescript@7",
  "older-ts@npm:typescript@5",
];
/** Each compiler with ways to resolve modules; the newest one is quick. */
const COMPILERS = [
  ["typescript", "nodenext"],
  ["typescript", "esnext", "--moduleResolution", "bundler"],
  ["older-ts", "nodenext"],
] as const;

const USE = `
import { type Session, SessionManager } from "@hakgal/sessions";
interface Context { readonly plan: string; readonly count?: number }
const manager = await SessionManager.open<Context>({ backend: "memory" });
export const session: Session<Context> = await manager.tenant("acme").getOrCreate("user-42", { plan: "free" });
// @ts-expect-error The context has no such field.
session.context.plam;
`;

/** The manifest that npm reads. */
interface Manifest {
  readonly exports: Readonly<Record<string, { readonly types: string; readonly default: string }>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta: Readonly<Record<string, unknown>>;
  readonly bin?: Readonly<Record<string, string>>;
}

Deno.test("the npm package is installed, compiled and run by a stranger", async (t) => {
  const folder = await Deno.makeTempDir({ prefix: "hakgal-npm-test-" });
  try {
    const { path: tarball } = await buildPackage(`${folder}/out`);
    const node = await machineNode();
    const project = await Project.create(`${folder}/project`, node);
    await project.install([tarball]);
    const package_ = `${project.folder}/node_modules/@hakgal/sessions`;
    const files = await listFiles(package_);
    const read = (file: string) => Deno.readTextFile(`${package_}/${file}`);
    const manifest: Manifest = JSON.parse(await read("package.json"));
    await t.step(
      "it holds no mutants, armed failpoints, patches, tests or scripts",
      () => checkForUsersAlone(files, "js", read),
    );
    await t.step("it has what deno.json exports, and all else is a document", async () => {
      await checkExports(manifest, files);
      const strange = files.filter((file) =>
        !/^(package\.json|LICENSE|(README|CHANGELOG)\.md|[\w/-]+(\.js|\.js\.map|\.d\.ts)|observability\/\w+\/\w+\.(yml|json))$/
          .test(file)
      );
      assertEquals(strange, []);
    });
    await t.step(
      "the clients are optional, and what all need is small",
      () => checkNeeds(manifest),
    );
    await t.step("each module's source map is beside it, with its source", async () => {
      for (const file of files.filter((file) => file.endsWith(".js"))) await checkMap(file, read);
    });
    await t.step("without any client every export loads, and says what to add", async () => {
      await checkBare(project);
      counted(await project.conformance("memory"));
    });
    await t.step("its command tells what it does", async () => {
      const said = await run([`${project.folder}/node_modules/.bin/hakgal-sessions`, "--help"]);
      assertEquals(said.code, 0, said.stderr);
      assertMatch(said.stdout, /^Usage: hakgal-sessions /);
    });
    const tools = await Project.create(`${folder}/tools`, node);
    await tools.install(TOOLS);
    await t.step("publint and arethetypeswrong report nothing", async () => {
      const modules = `${tools.folder}/node_modules`;
      const published = `${modules}/publint/src/cli.js`;
      await mustRun(
        node,
        tools.folder,
        published,
        "run",
        tarball,
        "--strict",
        "--level=suggestion",
      );
      const typed = `${modules}/@arethetypeswrong/cli/dist/index.js`;
      await mustRun(node, tools.folder, typed, tarball, "--profile=esm-only");
    });
    await t.step("its types compile without any client", async () => {
      await Deno.writeTextFile(`${project.folder}/program.mts`, USE + imports(manifest));
      for (const [compiler, ...module] of COMPILERS) {
        await mustRun(
          ...[node, project.folder, `${tools.folder}/node_modules/${compiler}/bin/tsc`] as const,
          ...["--noEmit", "--strict", "--exactOptionalPropertyTypes", "--skipLibCheck", "false"],
          ...["--target", "es2022", "--lib", "es2022,dom", "--module", ...module, "program.mts"],
        );
      }
    });
    await t.step("it runs on a server once ioredis is added", async () => {
      await using server = await startServer(await serverBinary("redis"));
      await project.install(["ioredis"]);
      counted(await project.conformance("ioredis", server.url));
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a command is one that a shell can start", async () => {
  const folder = await Deno.makeTempDir({ prefix: "hakgal-npm-test-" });
  try {
    const root = `${folder}/checkout`;
    await writeFiles(root, {
      "deno.json": JSON.stringify({
        ...{ name: "@hakgal/sessions", version: "1.2.3", license: "MIT", imports: {} },
        ...{ exports: { ".": "./mod.ts" }, publish: { include: ["mod.ts", "cli", "chaos"] } },
      }),
      "deno.lock": `{ "version": "5" }`,
      "mod.ts": `export const name = "sessions";\n`,
      "cli/main.ts":
        `import { name } from "../mod.ts";\nconsole.log(name, ...process.argv.slice(2));\n`,
      "chaos/real/pod_main.ts": `import "../../mod.ts";\n`,
    });
    const { path } = await buildPackage(`${folder}/out`, root);
    const project = await Project.create(`${folder}/project`, await machineNode());
    await project.install([path]);
    const said = await run([`${project.folder}/node_modules/.bin/hakgal-sessions`, "--help"]);
    assertEquals([said.code, said.stdout, said.stderr], [0, "sessions --help\n", ""]);
    const module = await Deno.readTextFile(
      `${project.folder}/node_modules/@hakgal/sessions/cli/main.js`,
    );
    assertMatch(module, /^#!\/usr\/bin\/env node\n/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

async function checkExports(manifest: Manifest, files: readonly string[]): Promise<void> {
  const { exports }: { exports: Record<string, string> } = JSON.parse(
    await Deno.readTextFile(`${ROOT}deno.json`),
  );
  const commands = Object.values(manifest.bin ?? {}).map((path) =>
    `./${path.replace(/js$/, "ts")}`
  );
  const entries = Object.keys(exports).filter((entry) => !commands.includes(exports[entry]!));
  assertEquals(Object.keys(manifest.exports), [...entries, "./package.json"]);
  for (const entry of entries) {
    const { types, default: module } = manifest.exports[entry]!;
    assert(files.includes(types.slice(2)), `${entry} has no types`);
    assert(files.includes(module.slice(2)), `${entry} has no module`);
  }
}

function checkNeeds({ dependencies, peerDependencies, peerDependenciesMeta }: Manifest): void {
  for (const name of Object.keys(dependencies)) {
    assert(!(name in OPTIONAL_PEERS), `everybody would have to install ${name}`);
  }
  for (const client of REDIS_CLIENTS) assert(client in peerDependencies, `${client} is not named`);
  for (const [peer, range] of Object.entries(peerDependencies)) {
    assertEquals(range, OPTIONAL_PEERS[peer]);
    assertEquals(peerDependenciesMeta[peer], { optional: true });
  }
}

async function checkMap(file: string, read: (file: string) => Promise<string>): Promise<void> {
  const name = file.split("/").at(-1)!;
  assert((await read(file)).endsWith(`\n//# sourceMappingURL=${name}.map\n`), file);
  const { sources, sourcesContent } = JSON.parse(await read(`${file}.map`));
  assertEquals(sources, [name.replace(/\.js$/, ".ts")]);
  assert(sourcesContent[0].length > 0, `${file}.map has no source`);
}

function imports({ exports }: Manifest): string {
  return Object.keys(exports).filter((entry) => entry !== "./package.json")
    .map((entry, index) => `export * as e${index} from "@hakgal/sessions${entry.slice(1)}";`)
    .join("\n");
}

async function mustRun(node: Runtime, folder: string, ...command: [string, ...string[]]) {
  const { code, stdout, stderr } = await node.run(folder, ...command);
  assertEquals(code, 0, `${command.join(" ")} ended with code ${code}:\n${stderr}${stdout}`);
}

async function writeFiles(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    const path = `${folder}/${name}`;
    await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    await Deno.writeTextFile(path, text);
  }
}
