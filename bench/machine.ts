/**
 * What a run was measured on, and with.
 *
 * @module
 */

import { cpus } from "node:os";

/** The machine; nothing in it tells whose it is. */
export interface Machine {
  readonly os: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  /** Processes that wanted to run, on average, when the run began: over 1, 5 and 15 minutes. */
  readonly loadAtStart: readonly number[];
}

/** Versions by name: the library, Deno, the servers, the clients, the peers. */
export type Versions = Readonly<Record<string, string>>;

/** The packages whose versions matter. */
const PACKAGES: readonly string[] = [
  ...["ioredis", "@redis/client", "@valkey/valkey-glide"],
  ...["connect-redis", "keyv", "@keyv/redis", "bentocache", "unstorage"],
];

/** The machine that this process runs on. */
export function thisMachine(): Machine {
  const processors = cpus();
  return {
    os: `${Deno.build.os} ${Deno.build.arch}`,
    cpu: processors[0]?.model.trim() ?? "unknown",
    cores: processors.length,
    memoryBytes: Deno.systemMemoryInfo().total,
    loadAtStart: Deno.loadavg(),
  };
}

/** Versions in use; those of packages are read from deno.lock. `server` is e.g. `redis 7.0.15`. */
export async function usedVersions(server: string): Promise<Versions> {
  const { specifiers } = await readJson<{ specifiers: Record<string, string> }>("deno.lock");
  const { name, version, imports } = await readJson<
    { name: string; version: string; imports: Record<string, string> }
  >("deno.json");
  const revision = await checkedOutRevision();
  const versions: Record<string, string> = {
    [name]: revision === undefined ? version : `${version} (${revision})`,
    ...{ deno: Deno.version.deno, server },
  };
  for (const name of PACKAGES) {
    // Of a client several versions are tested; measured is the one that its bare name means.
    const major = /@\^(\d+)/.exec(imports[name] ?? "")?.[1];
    const found = Object.entries(specifiers).find(([specifier, version]) =>
      specifier.startsWith(`npm:${name}@`) && (!major || version.startsWith(`${major}.`))
    );
    // "1.2.3_peer@4.5.6" with the peers that it was resolved with.
    if (found) versions[name] = found[1].split("_")[0]!;
  }
  return versions;
}

/**
 * The commit that is checked out, e.g. `d110aa4`, or `d110aa4-dirty` with changes that are in none;
 * undefined where there is no git, or no history.
 */
async function checkedOutRevision(): Promise<string | undefined> {
  try {
    const { success, stdout } = await new Deno.Command("git", {
      args: ["describe", "--always", "--dirty", "--exclude=*"],
      cwd: new URL("..", import.meta.url),
      stderr: "null",
    }).output();
    return success ? new TextDecoder().decode(stdout).trim() : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function readJson<Content>(file: string): Promise<Content> {
  return JSON.parse(await Deno.readTextFile(new URL(`../${file}`, import.meta.url)));
}
