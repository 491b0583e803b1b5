/**
 * What `deno pack` leaves to do: dependencies that fit npm, and a look at what goes in.
 *
 * @module
 */

import { importedPackages } from "./imports.ts";

/** Package names, and the versions that work. */
type Ranges = Readonly<Record<string, string>>;

/** A user adds the client of the backend that he chose; npm installs none of them by itself. */
const CLIENTS: Ranges = {
  "@redis/client": "^5 || ^6",
  "@valkey/valkey-glide": "^2",
  "ioredis": "^5 || ^6",
  "redis": "^5 || ^6",
};

/** Other packages that an entry point needs and that not everybody uses. */
const EXTRAS: Ranges = {
  "@opentelemetry/api": "^1.9",
  "fast-check": "^4",
  "prom-client": "^15",
};

/** The only part of deno.json that is read. */
interface DenoConfig {
  readonly imports: Ranges;
}

/** What `deno pack` writes. */
interface PackedManifest {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly exports: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

/** Turns the folder that `deno pack` filled into a package for npm. `root` is the checkout's. */
export async function finishPackage(folder: string, root: string): Promise<void> {
  const config: DenoConfig = JSON.parse(await Deno.readTextFile(`${root}/deno.json`));
  const packed: PackedManifest = JSON.parse(await Deno.readTextFile(`${folder}/package.json`));
  await removeUnreached(folder);
  const files = await listFiles(folder);
  refuseStrangers(files);
  const imported = new Set<string>();
  for (const file of files.filter((file) => /\.(js|d\.ts)$/.test(file))) {
    const path = `${folder}/${file}`;
    const text = await Deno.readTextFile(path);
    for (const name of importedPackages(text)) imported.add(name);
    if (file.endsWith(".d.ts")) await Deno.writeTextFile(path, withDisposables(text));
  }
  const manifest = toManifest(packed, files, {
    dependencies: requiredBy(imported, config),
    peers: peersOf(imported),
  });
  await Deno.writeTextFile(`${folder}/package.json`, JSON.stringify(manifest, null, 2) + "\n");
}

function toManifest(
  packed: PackedManifest,
  files: readonly string[],
  needs: { readonly dependencies: Ranges; readonly peers: Ranges },
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
    exports: { ...exports, "./package.json": "./package.json" },
    files: topLevel(files),
    engines: { node: ">=20" },
    dependencies: needs.dependencies,
    peerDependencies: needs.peers,
    peerDependenciesMeta: Object.fromEntries(
      Object.keys(needs.peers).map((peer) => [peer, { optional: true }]),
    ),
  };
}

/** The packages that every user gets: what is imported, other than by a backend that was chosen. */
function requiredBy(
  imported: ReadonlySet<string>,
  config: DenoConfig,
): Ranges {
  const names = [...imported].filter((name) => !(name in CLIENTS || name in EXTRAS)).sort();
  return Object.fromEntries(names.map((name) => {
    const [, range] = /^npm:\/?(?:@[^/]+\/)?[^@/]+@(.+)$/.exec(config.imports[name] ?? "") ?? [];
    if (range !== undefined) return [name, range];
    throw new Error(
      `A published module imports "${name}", which deno.json maps to no npm package.`,
    );
  }));
}

function peersOf(imported: ReadonlySet<string>): Ranges {
  const extras = Object.entries(EXTRAS).filter(([name]) => imported.has(name));
  return { ...CLIENTS, ...Object.fromEntries(extras) };
}

/** A user's "lib" may be older than Symbol.asyncDispose; Node 20 has it. */
function withDisposables(types: string): string {
  const needed = /\b(Symbol\.(asyncD|d)ispose|(Async)?Disposable)\b/.test(types);
  return needed ? `/// <reference lib="esnext.disposable" />\n${types}` : types;
}

/** Nothing but modules, their types, the documents, alerts and dashboards may be published. */
function refuseStrangers(files: readonly string[]): void {
  const strangers = files.filter((file) =>
    !/^(package\.json|LICENSE|[A-Z]+\.md|[\w./-]+(\.js|\.d\.ts)|observability\/\w+\/\w+\.(yml|json))$/
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

function topLevel(files: readonly string[]): string[] {
  const names = new Set(files.map((file) => file.split("/")[0]!));
  names.delete("package.json");
  return [...names].sort();
}

async function listFiles(folder: string, below = ""): Promise<string[]> {
  const files: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(`${folder}/${below}`)) {
    if (isDirectory) files.push(...await listFiles(folder, `${below}${name}/`));
    else files.push(below + name);
  }
  return files.sort();
}
