import { cacheFolder, fillFolder, isFolder, removeIfThere } from "./cache.ts";
import { unpackPackages, whyNotDebian } from "./debian.ts";
import type { FindServerOptions, ServerOrigin } from "./provision.ts";
import { run, which } from "./run.ts";

/** Programs that watch a Redis and its pods. */
export interface MonitoringTools {
  readonly origin: ServerOrigin;
  /** Prometheus's. */
  readonly version: string;
  /** Paths of the programs. */
  readonly prometheus: string;
  readonly promtool: string;
  readonly redisExporter: string;
}

export interface MissingTools {
  /** Why there are none and what to do about it. */
  readonly missing: string;
}

/** The environment variable that names a folder with the programs. */
export const MONITORING_VARIABLE = "HAKGAL_PROMETHEUS_DIR";

const PROGRAMS = ["prometheus", "promtool", "prometheus-redis-exporter"] as const;

// They are Go programs: nothing but the C library is needed beside them.
const WANTED = { suites: ["bookworm"], packages: ["prometheus", "prometheus-redis-exporter"] };

/**
 * Looks in the environment variable, on PATH and in the cache folder, and fetches only with `provision`; what is
 * found has been run once.
 */
export async function findMonitoring(
  options: FindServerOptions = {},
): Promise<MonitoringTools | MissingTools> {
  const named = Deno.env.get(MONITORING_VARIABLE);
  if (named) return await fromFolder(named, "environment");
  const prometheus = await which("prometheus");
  const installed = prometheus?.slice(0, prometheus.lastIndexOf("/"));
  if (installed !== undefined) {
    const found = await fromFolder(installed, "path").catch(() => undefined);
    if (found) return found;
  }
  const folder = `${await cacheFolder()}/servers/prometheus-${Deno.build.arch}`;
  const bin = `${folder}/usr/bin`;
  const isCached = await isFolder(folder);
  if (isCached) {
    const found = await fromFolder(bin, "cache").catch(() => undefined);
    if (found) return found;
  }
  const reason = await whyNotDebian();
  const advice = `Set ${MONITORING_VARIABLE} to a folder that holds the programs ${
    PROGRAMS.join(", ")
  }.`;
  if (reason !== undefined) return { missing: `no Prometheus was found, and ${reason}. ${advice}` };
  if (!options.provision) {
    return {
      missing: "no Prometheus was found. Fetch one with " +
        `"deno run -A scripts/provision.ts prometheus". ${advice}`,
    };
  }
  try {
    // What is there is of no use.
    if (isCached) await removeIfThere(folder);
    await fillFolder(folder, async (staging) => {
      const onProgress = (text: string) => options.onProgress?.(`Prometheus: ${text}`);
      await unpackPackages(staging, WANTED, onProgress);
      await fromFolder(`${staging}/usr/bin`, "fetched");
    });
    return await fromFolder(bin, "fetched");
  } catch (error) {
    throw new Error(
      `fetching Prometheus failed: ${error instanceof Error ? error.message : error}. ${advice}`,
      { cause: error },
    );
  }
}

async function fromFolder(folder: string, origin: ServerOrigin): Promise<MonitoringTools> {
  const [prometheus, promtool, redisExporter] = PROGRAMS.map((name) => `${folder}/${name}`) as [
    string,
    string,
    string,
  ];
  let said = "";
  for (const program of [prometheus, promtool, redisExporter]) {
    try {
      const { code, stdout, stderr } = await run([program, "--version"]);
      if (code !== 0) throw new Error(`it ended with code ${code}: ${stderr}`);
      said ||= stdout + stderr;
    } catch (error) {
      throw new Error(
        `cannot run ${program}: ${error instanceof Error ? error.message : error}. ` +
          `Set ${MONITORING_VARIABLE} to a folder that holds ${PROGRAMS.join(", ")}, or unset it.`,
        { cause: error },
      );
    }
  }
  const version = /version (\d+\.\d+\.\d+)/.exec(said)?.[1] ?? "of an unknown version";
  return { origin, version, prometheus, promtool, redisExporter };
}
