/**
 * What is tried of the package on one runtime.
 *
 * @module
 */

import { newestOf, oldestOf } from "../npm/peers.ts";
import { type ConformanceCounts, Project } from "./project.ts";
import type { Runtime } from "./runtimes.ts";

/** What was tried, on which runtime, and what came of it. */
export interface Cell {
  readonly row: string;
  readonly runtime: string;
  readonly isGood: boolean;
  readonly text: string;
  /** For whoever has to mend it. */
  readonly details: readonly string[];
}

/** What a trial needs. */
export interface TrialOptions {
  readonly runtime: Runtime;
  readonly tarball: string;
  /** A folder of the trial's own. */
  readonly folder: string;
  readonly redisUrl: string;
}

/** The backend that speaks through a client. */
const BACKEND_OF: Readonly<Record<string, string>> = {
  "@redis/client": "node-redis",
  "@valkey/valkey-glide": "valkey-glide",
  "ioredis": "ioredis",
  "redis": "node-redis",
};

/** Clients that are installed together. `redis` brings `@redis/client` along, which must not be found. */
const CLIENT_SETS = [
  { clients: ["ioredis", "@redis/client", "@valkey/valkey-glide"], isolated: false },
  { clients: ["redis"], isolated: true },
] as const;

/** Tries everything, and tells of each as soon as it is known. */
export async function* tryRuntime(options: TrialOptions): AsyncGenerator<Cell> {
  yield* tryBare(options);
  for (const { clients, isolated } of CLIENT_SETS) {
    for (const end of [oldestOf, newestOf]) {
      const versions = clients.map((client) => [client, end(client)] as const);
      yield* tryClients(options, versions, isolated);
    }
  }
}

/** Few histories, always the same, which show that all of it runs. */
const CHAOS = [
  ...["--backend", "memory,sqlite", "--faults", "pod-kill", "--runs", "20", "--seed", "1"],
  ...["--time-limit", "120", "--quiet"],
];

async function* tryBare({ runtime, tarball, folder }: TrialOptions): AsyncGenerator<Cell> {
  const project = await Project.create(`${folder}/bare`, runtime);
  const attempt = new Attempt(runtime.name);
  const installed = await attempt.cell("installed, no optional package", async () => {
    await project.install([tarball]);
    return await checkBare(project);
  });
  yield installed;
  if (!installed.isGood) return;
  yield await attempt.cell("memory", async () => counted(await project.conformance("memory")));
  yield await attempt.cell("SQLite", () => trySqlite(project));
  yield* await Promise.all(await chaosCells(project, attempt));
  yield await attempt.cell("`hakgal-sessions chaos`", () => tryCommand(project));
}

/** Tries clients of these versions, which are ranges for the newest ones. */
async function* tryClients(
  { runtime, tarball, folder, redisUrl }: TrialOptions,
  versions: readonly (readonly [client: string, version: string])[],
  isolated: boolean,
): AsyncGenerator<Cell> {
  const name = versions.map(([client, version]) => `${client}-${version}`).join("+");
  const project = await Project.create(`${folder}/${name.replaceAll(/[^\w.+-]/g, "")}`, runtime);
  const attempt = new Attempt(runtime.name);
  const packages = versions.map(([client, version]) => `${client}@${version}`);
  let problem: unknown;
  await project.install([tarball, ...packages], isolated).catch((error) => problem = error);
  for (const [client, version] of versions) {
    const exact = problem === undefined ? await project.versionOf(client) : version;
    yield await attempt.cell(`${client} ${exact}`, async () => {
      if (problem !== undefined) throw problem;
      const counts = await project.conformance(BACKEND_OF[client]!, redisUrl);
      if (counts.skipped > 0) throw new Error(`${counts.skipped} cases were skipped`);
      return counted(counts);
    });
  }
}

/** Every export loads, memory works, and a backend whose client is missing says which package to add. */
export async function checkBare(project: Project): Promise<string> {
  const { entries, opened } = await project.bare();
  if (opened.memory !== "counted 1") throw new Error(`memory: ${opened.memory}`);
  for (const client of ["ioredis", "@redis/client", "@valkey/valkey-glide"]) {
    const said = opened[BACKEND_OF[client]!]!;
    const advice = `ConfigError: The package ${client} is not installed. Add it: npm install`;
    if (!said.startsWith(advice)) throw new Error(`without ${client}: ${said}`);
  }
  return `yes, ${entries.length} exports load`;
}

/** Node 20 has no SQLite of its own, and must say so. */
async function trySqlite(project: Project): Promise<string> {
  if (!lacksNode22(project.runtime)) {
    return counted(await project.conformance("sqlite", `${project.folder}/conformance.db`));
  }
  const said = (await project.bare()).opened.sqlite!;
  if (said.startsWith("ConfigError: This runtime has no node:sqlite")) return "`ConfigError`";
  throw new Error(`SQLite: ${said}`);
}

function chaosCells(project: Project, attempt: Attempt): Promise<Cell>[] {
  const answers = project.chaos();
  answers.catch(() => {});
  return ["memory", "sqlite"].map((adapter) =>
    attempt.cell(`\`runChaos\`, ${adapter}`, async () => {
      const { verdict, histories, kills, explanation } = (await answers)
        .find((answer) => answer.adapter === adapter)!;
      if (lacksNode22(project.runtime)) {
        if (verdict === "ConfigError" && explanation.includes("Node 22")) return "`ConfigError`";
      } else if (verdict === "held" && kills > 0) {
        return `held, ${histories} histories, ${kills} kills`;
      }
      throw new Error(`${verdict}: ${explanation}`);
    })
  );
}

/** The package's own command, on what needs no server. */
async function tryCommand(project: Project): Promise<string> {
  const { code, said } = await project.command("chaos", ...CHAOS);
  if (lacksNode22(project.runtime)) {
    if (code === 2 && said.includes("use Node 22")) return "says what it needs";
  } else {
    const held = [...said.matchAll(/^(memory|sqlite): held — (\d+) histories/gm)];
    if (code === 0 && held.length === 2) {
      return `held, ${held.map(([, , n]) => n).join(" + ")} histories`;
    }
  }
  throw new Error(`hakgal-sessions chaos ended with ${code}: ${said}`);
}

function lacksNode22({ name }: Runtime): boolean {
  return name.startsWith("Node 20.");
}

/** Throws when a case failed, or none was run. */
export function counted({ passed, failed, skipped, failures }: ConformanceCounts): string {
  if (failed > 0 || passed === 0) {
    throw new Error([`${passed} passed, ${failed} failed`, ...failures].join("\n"));
  }
  return `yes, ${passed} of ${passed}${skipped === 0 ? "" : ` (${skipped} do not apply)`}`;
}

/** Turns what is tried into cells. */
class Attempt {
  readonly #runtime: string;

  constructor(runtime: string) {
    this.#runtime = runtime;
  }

  async cell(row: string, attempt: () => Promise<string>): Promise<Cell> {
    const common = { row, runtime: this.#runtime };
    try {
      return { ...common, isGood: true, text: await attempt(), details: [] };
    } catch (error) {
      const details = (error instanceof Error ? error.message : String(error)).split("\n");
      return { ...common, isGood: false, text: `**${details[0]!.slice(0, 80)}**`, details };
    }
  }
}
