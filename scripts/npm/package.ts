/**
 * What `deno pack` leaves to do: dependencies that fit npm, and a look at what goes in.
 *
 * @module
 */

import { importedPackages } from "./imports.ts";
import { commandsIn, makeExecutable } from "./programs.ts";
import { moveSourceMap } from "./source_map.ts";
import { isOptional, OPTIONAL_PEERS, type Ranges } from "./peers.ts";
import { isInternal } from "./staging.ts";

/** Loaded by a name that is put together, so that no import names them. */
const UNNAMED_PEERS: readonly string[] = ["redis"];

/** The only part of deno.json that is read. */
interface DenoConfig {
  readonly imports: Ranges;
}

/** What `deno pack` writes. */
interface PackedManifest {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly exports: Readonly<Record<string, { readonly default: string }>>;
  readonly [field: string]: unknown;
}

/** Turns the folder that `deno pack` filled into a package for npm. `root` is the checkout's. */
export async function finishPackage(folder: string, root: string): Promise<void> {
  const config: DenoConfig = JSON.parse(await Deno.readTextFile(`${root}/deno.json`));
  const packed: PackedManifest = JSON.parse(await Deno.readTextFile(`${folder}/package.json`));
  await removeUnreached(folder);
  const imported = new Set<string>();
  for (const file of await listFiles(folder)) {
    const names = await finishFile(folder, file);
    for (const name of names) imported.add(name);
  }
  const commands = await commandsIn(root);
  const bin = mapValues(commands, (path) => path.replace(/\.ts$/, ".js"));
  for (const path of Object.values(bin)) await makeExecutable(`${folder}/${path}`);
  const files = await listFiles(folder);
  refuseStrangers(files);
  const manifest = toManifest(packed, files, {
    bin,
    dependencies: requiredBy(imported, config),
    peers: peersOf(imported),
  });
  await Deno.writeTextFile(`${folder}/package.json`, JSON.stringify(manifest, null, 2) + "\n");
}

/** Makes a file as it is published; answers the packages that it imports. */
async function finishFile(folder: string, file: string): Promise<Set<string>> {
  const path = `${folder}/${file}`;
  if (file.endsWith(".js")) await moveSourceMap(path);
  if (!/\.(js|d\.ts)$/.test(file)) return new Set();
  const text = await Deno.readTextFile(path);
  const names = importedPackages(text);
  if (file.endsWith(".d.ts")) {
    refusePeers(file, names);
    await Deno.writeTextFile(path, withDisposables(text));
  }
  return names;
}

function toManifest(
  packed: PackedManifest,
  files: readonly string[],
  needs: {
    readonly bin: Readonly<Record<string, string>>;
    readonly dependencies: Ranges;
    readonly peers: Ranges;
  },
): Record<string, unknown> {
  const { name, version, license, main, types, exports } = packed;
  return {
    name,
    version,
    description: "Session state in Redis, Valkey or SQLite that survives the death of its process",
    keywords: ["session", "redis", "valkey", "sqlite", "failover", "counter", "embedding"],
    license,
    type: "module",
    sideEffects: false,
    main,
    types,
    ...(Object.keys(needs.bin).length === 0 ? {} : { bin: needs.bin }),
    exports: { ...publicEntries(exports, needs.bin), "./package.json": "./package.json" },
    files: topLevel(files),
    engines: { node: ">=20" },
    dependencies: needs.dependencies,
    peerDependencies: needs.peers,
    peerDependenciesMeta: mapValues(needs.peers, () => ({ optional: true })),
  };
}

/** What users import. A command is none of it: to import it would run it. */
function publicEntries(
  exports: PackedManifest["exports"],
  bin: Readonly<Record<string, string>>,
): PackedManifest["exports"] {
  const commands = Object.values(bin).map((path) => `./${path}`);
  return Object.fromEntries(
    Object.entries(exports).filter(([entry, { default: module }]) =>
      !isInternal(entry) && !commands.includes(module)
    ),
  );
}

/** The packages that every user gets: what is imported, other than what was chosen. */
function requiredBy(
  imported: ReadonlySet<string>,
  config: DenoConfig,
): Ranges {
  const names = [...imported].filter((name) => !isOptional(name)).sort();
  return Object.fromEntries(names.map((name) => {
    const [, range] = /^npm:\/?(?:@[^/]+\/)?[^@/]+@(.+)$/.exec(config.imports[name] ?? "") ?? [];
    if (range !== undefined) return [name, range];
    throw new Error(
      `A published module imports "${name}", which deno.json maps to no npm package.`,
    );
  }));
}

function peersOf(imported: ReadonlySet<string>): Ranges {
  return Object.fromEntries(
    Object.entries(OPTIONAL_PEERS).filter(([name]) =>
      imported.has(name) || UNNAMED_PEERS.includes(name)
    ),
  );
}

/** Types that name an optional package do not compile for whoever has not chosen it. */
function refusePeers(file: string, names: ReadonlySet<string>): void {
  const peer = [...names].find(isOptional);
  if (peer === undefined) return;
  throw new Error(
    `The types of ${file} import "${peer}", which not every user has: state what is used of it ` +
      `in an interface of our own.`,
  );
}

/** A user's "lib" may be older than Symbol.asyncDispose; Node 20 has it. */
function withDisposables(types: string): string {
  const needed = /\b(Symbol\.(asyncD|d)ispose|(Async)?Disposable)\b/.test(types);
  return needed ? `/// <reference lib="esnext.disposable" />\n${types}` : types;
}

/** Nothing but modules, their types, the documents, alerts and dashboards may be published. */
function refuseStrangers(files: readonly string[]): void {
  const strangers = files.filter((file) =>
    !/^(package\.json|LICENSE|[A-Z]+\.md|[\w./-]+(\.js|\.js\.map|\.d\.ts)|observability\/\w+\/\w+\.(yml|json))$/
      .test(file) ||
    /^(scripts|bench|examples)\/|(^|[/_.])(tests?|mutants?)[/_.]/.test(file)
  );
  if (strangers.length > 0) {
    throw new Error(
      `These files do not belong into the package: ${strangers.join(", ")}. ` +
        `See "publish" in deno.json.`,
    );
  }
}

/** `deno pack` adds the sources that no entry point reaches as they are, which is of no use to Node. */
async function removeUnreached(folder: string): Promise<void> {
  for (const file of await listFiles(folder)) {
    if (/(?<!\.d)\.ts$/.test(file)) await Deno.remove(`${folder}/${file}`);
  }
}

function mapValues<From, To>(
  record: Readonly<Record<string, From>>,
  map: (value: From) => To,
): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));
}

function topLevel(files: readonly string[]): string[] {
  const names = new Set(files.map((file) => file.split("/")[0]!));
  names.delete("package.json");
  return [...names].sort();
}

/** The files of a folder and of those in it, by their paths from it, sorted. */
export async function listFiles(folder: string, below = ""): Promise<string[]> {
  const files: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(`${folder}/${below}`)) {
    if (isDirectory) files.push(...await listFiles(folder, `${below}${name}/`));
    else files.push(below + name);
  }
  return files.sort();
}
