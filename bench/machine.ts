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

/** Versions by name: Deno, the servers, the clients, the peers. */
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
    os: `${Deno.build.os} ${Deno.osRelease()} ${Deno.build.arch}`,
    cpu: processors[0]?.model.trim() ?? "unknown",
    cores: processors.length,
    memoryBytes: Deno.systemMemoryInfo().total,
    loadAtStart: Deno.loadavg(),
  };
}

/** Versions in use: of packages as deno.lock has them. `server` is e.g. `redis 7.0.15`. */
export async function usedVersions(server: string): Promise<Versions> {
  const text = await Deno.readTextFile(new URL("../deno.lock", import.meta.url));
  const { specifiers }: { specifiers: Record<string, string> } = JSON.parse(text);
  const versions: Record<string, string> = { deno: Deno.version.deno, server };
  for (const name of PACKAGES) {
    const entry = Object.entries(specifiers).find(([key]) =>
      key.startsWith(`npm:${name}@`) && !key.slice(name.length + 5).includes("@")
    );
    // "1.2.3_peer@4.5.6" with the peers that it was resolved with.
    if (entry) versions[name] = entry[1].split("_")[0]!;
  }
  return versions;
}
