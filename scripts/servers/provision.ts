import {
  type MissingServer,
  type ServerBinary,
  type ServerExecutable,
  type ServerKind,
  type ServerOrigin,
} from "./binary.ts";
import { cacheFolder, fillFolder, isFolder, removeIfThere } from "./cache.ts";
import { type DebianPackages, unpackPackages, whyNotDebian } from "./debian.ts";
import { which } from "./run.ts";
import { type ProductVersion, productVersion } from "./version.ts";

export * from "./binary.ts";

interface Recipe extends DebianPackages {
  readonly label: string;
  readonly variable: string;
  readonly program: string;
  readonly cli: string;
  /** What PATH and the cache may offer as this kind. */
  readonly accepts: (found: ProductVersion) => boolean;
  /** What somebody may name on purpose as this kind. */
  readonly acceptsNamed: (found: ProductVersion) => boolean;
  readonly ownLoader: boolean;
}

const BOOKWORM_LIBRARIES = [
  "libatomic1",
  "libcap2",
  "libgcrypt20",
  "libgpg-error0",
  "libjemalloc2",
  "liblz4-1",
  "liblzf1",
  "liblzma5",
  "libssl3",
  "libsystemd0",
  "libzstd1",
];

const TRIXIE_LIBRARIES = [
  "libatomic1",
  "libc6",
  "libcap2",
  "libgcc-s1",
  "libjemalloc2",
  "liblzf1",
  "libssl3t64",
  "libstdc++6",
  "libsystemd0",
  "libzstd1",
  "zlib1g",
];

const RECIPES: Readonly<Record<ServerKind, Recipe>> = {
  redis: {
    label: "Redis 7",
    variable: "HAKGAL_REDIS_SERVER",
    program: "redis-server",
    cli: "redis-cli",
    accepts: ({ product, major }) => product === "redis" && major === 7,
    acceptsNamed: ({ product }) => product === "redis",
    suites: ["bookworm"],
    packages: ["redis-server", "redis-tools", ...BOOKWORM_LIBRARIES],
    ownLoader: false,
  },
  valkey: {
    label: "Valkey",
    variable: "HAKGAL_VALKEY_SERVER",
    program: "valkey-server",
    cli: "valkey-cli",
    accepts: ({ product }) => product === "valkey",
    acceptsNamed: ({ product }) => product === "valkey",
    // The libraries are in bookworm only.
    suites: ["bookworm", "bookworm-backports"],
    packages: ["valkey-server", "valkey-tools", ...BOOKWORM_LIBRARIES],
    ownLoader: false,
  },
  redis8: {
    label: "Redis 8",
    variable: "HAKGAL_REDIS8_SERVER",
    program: "redis-server",
    cli: "redis-cli",
    accepts: ({ product, major }) => product === "redis" && major === 8,
    acceptsNamed: ({ product, major }) => product === "redis" && major >= 8,
    suites: ["trixie"],
    packages: ["redis-server", "redis-tools", ...TRIXIE_LIBRARIES],
    // Built for a newer C library than bookworm's.
    ownLoader: true,
  },
};

export interface FindServerOptions {
  /** Fetch the server from Debian's archive when there is none; off by default. */
  readonly provision?: boolean;
  readonly onProgress?: (text: string) => void;
}

/** The environment variable that names the server of a kind. */
export function serverVariable(kind: ServerKind): string {
  return RECIPES[kind].variable;
}

/**
 * Looks in the environment variable, on PATH and in the cache folder, and fetches only with
 * `provision`. `missing` says that there is none; an Error says that something is wrong: a variable
 * that names no such server, or a fetch that failed.
 */
export async function findServer(
  kind: ServerKind,
  options: FindServerOptions = {},
): Promise<ServerBinary | MissingServer> {
  const recipe = RECIPES[kind];
  const onProgress = options.onProgress ?? (() => {});
  const named = Deno.env.get(recipe.variable);
  if (named) return await fromEnvironment(kind, recipe, named);
  const installed = await fromPath(kind, recipe);
  if (installed !== undefined) return installed;

  const folder = `${await cacheFolder()}/servers/${kind}-${Deno.build.arch}`;
  let unusable = "";
  if (await isFolder(folder)) {
    try {
      return await fromFolder(kind, recipe, folder, "cache");
    } catch (error) {
      unusable = error instanceof Error ? error.message : String(error);
    }
  }
  const reason = await whyNotDebian();
  if (reason !== undefined) return { kind, missing: howToGet(recipe, reason) };
  if (!options.provision) {
    const found = unusable === "" ? "" : ` (the one in the cache is of no use: ${unusable})`;
    return {
      kind,
      missing: `no ${recipe.label} server was found${found}. Fetch one with ` +
        `"deno run -A scripts/provision.ts ${kind}", or set ${recipe.variable} to the path of ` +
        `${recipe.program} or to the URL of a running server.`,
    };
  }
  try {
    if (unusable !== "") {
      onProgress(`${recipe.label}: fetching it again, the one in the cache is of no use`);
      await removeIfThere(folder);
    }
    await fillFolder(folder, async (staging) => {
      await unpackPackages(staging, recipe, (text) => onProgress(`${recipe.label}: ${text}`));
      await fromFolder(kind, recipe, staging, "fetched");
    });
    return await fromFolder(kind, recipe, folder, "fetched");
  } catch (error) {
    throw new Error(
      howToGet(recipe, `fetching it failed: ${error instanceof Error ? error.message : error}`),
      { cause: error },
    );
  }
}

async function fromEnvironment(
  kind: ServerKind,
  recipe: Recipe,
  value: string,
): Promise<ServerBinary> {
  const advice =
    `Set ${recipe.variable} to the path of a ${recipe.label} ${recipe.program}, to a URL ` +
    `(redis://… or rediss://…) of a running server, or unset it.`;
  if (value.includes("://")) {
    const url = URL.parse(value);
    if (url === null || !/^rediss?:$/.test(url.protocol) || url.hostname === "") {
      throw new Error(`${recipe.variable} is no redis:// or rediss:// URL of a server. ${advice}`);
    }
    return { kind, origin: "environment", url: value };
  }
  // Absolute, because servers are started in a folder of their own; a bare name is looked up.
  const program = value.includes("/") && !value.startsWith("/") ? `${Deno.cwd()}/${value}` : value;
  let found;
  try {
    found = await productVersion([program]);
  } catch (error) {
    throw new Error(
      `${recipe.variable} is "${value}": ${error instanceof Error ? error.message : error}. ` +
        advice,
      { cause: error },
    );
  }
  if (!recipe.acceptsNamed(found)) {
    throw new Error(
      `${recipe.variable} is "${value}", which is ${found.product} ${found.version}. ${advice}`,
    );
  }
  const cli = await sibling(program, recipe.cli);
  return {
    kind,
    origin: "environment",
    version: found.version,
    command: [program],
    env: {},
    ...(cli === undefined ? {} : { cli: [cli] }),
  };
}

async function fromPath(kind: ServerKind, recipe: Recipe): Promise<ServerExecutable | undefined> {
  const path = await which(recipe.program);
  if (path === undefined) return undefined;
  let found;
  try {
    found = await productVersion([path]);
  } catch {
    return undefined;
  }
  if (!recipe.accepts(found)) return undefined;
  const cli = await which(recipe.cli);
  return {
    kind,
    origin: "path",
    version: found.version,
    command: [path],
    env: {},
    ...(cli === undefined ? {} : { cli: [cli] }),
  };
}

async function fromFolder(
  kind: ServerKind,
  recipe: Recipe,
  folder: string,
  origin: ServerOrigin,
): Promise<ServerExecutable> {
  const { path: libraryPath, loader } = await libraries(folder);
  let prefix: string[] = [];
  if (recipe.ownLoader) {
    if (loader === undefined) throw new Error(`there is no loader (ld-linux…) in ${folder}`);
    prefix = [loader, "--library-path", libraryPath];
  }
  const env: Record<string, string> = recipe.ownLoader ? {} : { LD_LIBRARY_PATH: libraryPath };
  const command = [...prefix, `${folder}/usr/bin/${recipe.program}`];
  const found = await productVersion(command, env);
  if (!recipe.accepts(found)) {
    throw new Error(`${folder} holds ${found.product} ${found.version}, not ${recipe.label}`);
  }
  return {
    kind,
    origin,
    version: found.version,
    command,
    env,
    cli: [...prefix, `${folder}/usr/bin/${recipe.cli}`],
  };
}

async function libraries(folder: string): Promise<{ path: string; loader?: string }> {
  const folders: string[] = [];
  let loader: string | undefined;
  for (const base of [`${folder}/usr/lib`, `${folder}/lib`]) {
    if (!await isFolder(base)) continue;
    for await (const { name } of Deno.readDir(base)) {
      if (!/-linux-gnu/.test(name)) continue;
      folders.push(`${base}/${name}`);
      for await (const file of Deno.readDir(`${base}/${name}`)) {
        if (/^ld-linux.*\.so\.\d+$/.test(file.name)) loader = `${base}/${name}/${file.name}`;
      }
    }
  }
  return { path: folders.join(":"), ...(loader === undefined ? {} : { loader }) };
}

async function sibling(program: string, name: string): Promise<string | undefined> {
  const slash = program.lastIndexOf("/");
  if (slash < 0) return await which(name);
  const path = `${program.slice(0, slash)}/${name}`;
  try {
    return (await Deno.stat(path)).isFile ? path : undefined;
  } catch {
    return undefined;
  }
}

function howToGet(recipe: Recipe, reason: string): string {
  const install = Deno.build.os === "darwin" ? 'run "brew install redis valkey", or ' : "";
  return `no ${recipe.label} server was found, and ${reason}. To have one, ${install}set ` +
    `${recipe.variable} to the path of a ${recipe.program} or to the URL (redis://… or ` +
    `rediss://…) of a running server.`;
}
