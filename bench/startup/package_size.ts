/**
 * How large the package is, and what a bundler makes of it.
 *
 * @module
 */

import { buildPackage } from "../../scripts/npm/build.ts";
import { run } from "../../scripts/servers/run.ts";

const ESBUILD = "esbuild@^0.28.0";

/** Modules that are loaded only when a backend or an option is chosen. */
const ADAPTERS: Readonly<Record<string, string>> = {
  ioredis: "adapters/ioredis.js",
  "node-redis": "adapters/node_redis.js",
  "valkey-glide": "adapters/valkey_glide.js",
};

/** Bytes. */
export interface PackageSize {
  readonly tarball: number;
  /** Minified: what is loaded for one backend, without its client; by backend. */
  readonly bundles: Readonly<Record<string, number>>;
}

/** The only part of esbuild's report that is read. */
interface Metafile {
  readonly outputs: Readonly<
    Record<string, {
      readonly bytes: number;
      readonly entryPoint?: string;
      readonly imports: readonly { readonly path: string; readonly kind: string }[];
      readonly inputs: Readonly<Record<string, unknown>>;
    }>
  >;
}

/** Makes the tarball, installs it from there with npm, and bundles it. Needs npm and tar. */
export async function packageSize(folder: string): Promise<PackageSize> {
  const { path, bytes: tarball } = await buildPackage(`${folder}/tarball`);
  const project = `${folder}/project`;
  await Deno.mkdir(project);
  await Deno.writeTextFile(`${project}/package.json`, '{ "private": true, "type": "module" }');
  // What a program uses; the rest can be left out.
  const main = 'import { SessionManager } from "@hakgal/sessions";\nawait SessionManager.open();\n';
  await Deno.writeTextFile(`${project}/main.js`, main);
  await mustRun(
    ["npm", "install", "--no-audit", "--no-fund", "--omit=peer", path, ESBUILD],
    project,
  );
  const external = ["ioredis", "@redis/client", "redis", "@valkey/valkey-glide"];
  await mustRun([
    "node_modules/.bin/esbuild",
    "main.js",
    ...["--bundle", "--minify", "--splitting", "--format=esm", "--platform=node", "--outdir=out"],
    ...["--metafile=meta.json", ...external.map((name) => `--external:${name}`)],
  ], project);
  const meta: Metafile = JSON.parse(await Deno.readTextFile(`${project}/meta.json`));
  const bundles = Object.fromEntries(
    Object.entries(ADAPTERS).map(([backend, adapter]) => [backend, loadedBytes(meta, adapter)]),
  );
  return { tarball, bundles };
}

/** What the main module and an adapter load, together. */
function loadedBytes({ outputs }: Metafile, adapter: string): number {
  const loaded = new Set<string>();
  const load = (path: string) => {
    if (loaded.has(path) || !outputs[path]) return;
    loaded.add(path);
    for (const { path: imported, kind } of outputs[path].imports) {
      if (kind === "import-statement") load(imported);
    }
  };
  for (const [path, { entryPoint }] of Object.entries(outputs)) {
    if (entryPoint === "main.js" || entryPoint?.endsWith(adapter)) load(path);
  }
  return [...loaded].reduce((sum, path) => sum + outputs[path]!.bytes, 0);
}

async function mustRun([program, ...args]: readonly string[], cwd: string): Promise<void> {
  const command = program!.includes("/") ? `${cwd}/${program}` : program!;
  const { code, stderr, stdout } = await run([command, ...args], { cwd });
  if (code !== 0) throw new Error(`${program} ${args[0]} failed:\n${stderr}${stdout}`.trimEnd());
}
