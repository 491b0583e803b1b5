/**
 * The chaos command as a part of the package: it tests memory, SQLite, and the clients that are installed on a server
 * that somebody else runs.
 *
 * @module
 */

import process from "node:process";
import type { CampaignResult } from "../../chaos/campaign_result.ts";
import { runCampaign } from "../../chaos/campaign.ts";
import type { CorpusEntry } from "../../chaos/corpus.ts";
import type { BackendName, Target } from "../../chaos/real/target.ts";
import { runSimulated } from "../../chaos/simulated_runner.ts";
import { ConfigError } from "../../core/errors.ts";
import { loadOptional } from "../../core/optional_package.ts";
import { UsageError } from "../usage_error.ts";
import { BACKENDS, type RunArguments } from "./arguments.ts";
import type { ChaosHost, Selection, SimulatedRun } from "./host.ts";

type Client = Exclude<BackendName, "memory" | "sqlite">;

/** What each backend needs that not everybody has. */
const NEEDED: Readonly<Record<Exclude<BackendName, "memory">, () => Promise<unknown>>> = {
  "sqlite": () => loadOptional("node:sqlite", "backend", () => import("node:sqlite")),
  "ioredis": () => loadOptional("ioredis", "backend", () => import("ioredis")),
  "node-redis": () => loadOptional("@redis/client", "backend", () => import("@redis/client")),
  "valkey-glide": () =>
    loadOptional("@valkey/valkey-glide", "backend", () => import("@valkey/valkey-glide")),
};

/** Runs what the package has. */
export class PackageHost implements ChaosHost {
  readonly program: string = `${starter()} chaos`;
  readonly serverKinds: readonly string[] = [];
  readonly advice = undefined;

  /** The package has no build whose failpoints are armed. */
  armedOptions(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  /** Nor has it the cases of the repository. */
  readCorpus(): Promise<readonly CorpusEntry[]> {
    return Promise.resolve([]);
  }

  async selectTargets(args: RunArguments): Promise<Selection> {
    const targets: Target[] = [];
    const skipped: { backend: string; reason: string }[] = [];
    for (const backend of args.backends ?? BACKENDS) {
      const target = targetOf(backend, args);
      const reason = "reason" in target ? target.reason : await whyMissing(backend);
      if (reason !== undefined) skipped.push({ backend, reason });
      else if (!("reason" in target)) targets.push(target);
    }
    const [first] = skipped;
    if (first !== undefined && (args.requireAll || targets.length === 0)) {
      const asked = args.requireAll ? "--require-all, but " : "";
      throw new UsageError(`${asked}${first.backend} cannot be tested: ${first.reason}`);
    }
    return { targets, skipped };
  }

  async simulate({ task, signal, onTally }: SimulatedRun): Promise<CampaignResult[]> {
    const result = await runCampaign({
      ...{ ...task, signal },
      runner: (chaosCase) => runSimulated(chaosCase),
      onHistory: (tally) => onTally([tally]),
    });
    return [result];
  }
}

function targetOf(
  backend: BackendName,
  { servers }: RunArguments,
): Target | { readonly reason: string } {
  if (!isClient(backend)) {
    return { backend, store: { kind: backend }, server: null, serverVersion: null };
  }
  if (servers === undefined || !("url" in servers)) {
    return { reason: "no server is named: give one that holds nothing else, --server redis://…" };
  }
  const store = { kind: "redis-url", url: servers.url } as const;
  return { backend, store, server: "url", serverVersion: null };
}

function isClient(backend: BackendName): backend is Client {
  return backend !== "memory" && backend !== "sqlite";
}

/** Why a backend cannot be opened in this process; undefined when it can. */
async function whyMissing(backend: BackendName): Promise<string | undefined> {
  if (backend === "memory") return undefined;
  try {
    await NEEDED[backend]();
    return undefined;
  } catch (error) {
    if (backend === "sqlite") return "this runtime has no node:sqlite";
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
}

/** How the package's command is started here. */
function starter(): string {
  if (process.versions.deno) return "deno run -A jsr:@hakgal/sessions/cli";
  return process.versions.bun ? "bunx hakgal-sessions" : "npx hakgal-sessions";
}
