import type { ReportedMutant } from "../../chaos/report.ts";
import type { BackendName } from "../../chaos/real/target.ts";
import type { ChaosArguments } from "./arguments.ts";
import { inParallel } from "./mutants/in_parallel.ts";
import { type Mutant, PATCHES, readMutants } from "./mutants/mutant.ts";
import { mutantLine, mutantsTable } from "./mutants/table.ts";
import { MutantTree } from "./mutants/tree.ts";
import { runTrial, type Trial } from "./mutants/trial.ts";
import { selectTargets } from "./targets.ts";
import type { Terminal } from "../../cli/chaos/terminal.ts";
import { UsageError } from "../../cli/usage_error.ts";

export interface MutantsRun {
  readonly reported: readonly ReportedMutant[];
  /** Mutants that could not be run, and why. */
  readonly failures: readonly string[];
}

/** A mutant that so many seeds miss has survived. */
const SEEDS = 3;
/** Share of the seeds that must find it, when it is asked for how many. */
const LEAST_SHARE = 0.9;

/** Puts one known bug after the other into a copy of the tree, and runs chaos there, several side by side. */
export async function runMutants(
  args: ChaosArguments,
  terminal: Terminal,
  signal: AbortSignal,
  patches = PATCHES,
): Promise<MutantsRun> {
  const mutants = chosen(await readMutants(patches), args.onlyMutants);
  const missing = await missingBackends(mutants, args);
  const runnable = mutants.filter(({ backend }) => !missing.has(backend));
  const run = new Run(args, terminal, signal, runnable.length);
  const controls = [...Map.groupBy(runnable, ({ backend }) => backend)].map(control);
  await inParallel(args.jobs, controls, (each) => run.control(each));
  if (run.failures.length === 0) {
    await inParallel(args.jobs, runnable, (mutant) => run.mutant(mutant));
  }
  const skipped = mutants.flatMap((mutant) => {
    const reason = missing.get(mutant.backend);
    return reason === undefined ? [] : [{ ...described(mutant), killed: false, skipped: reason }];
  });
  const reported = [...run.reported, ...skipped].sort((a, b) => a.name < b.name ? -1 : 1);
  if (reported.length > 0) terminal.line(mutantsTable(reported));
  return { reported, failures: run.failures };
}

function chosen(mutants: readonly Mutant[], only: readonly string[] | undefined): Mutant[] {
  if (only === undefined) return [...mutants];
  const unknown = only.find((name) => mutants.every((mutant) => mutant.name !== name));
  if (unknown !== undefined) {
    throw new UsageError(`There is no mutant "${unknown}": see tests/mutants for their names.`);
  }
  return mutants.filter(({ name }) => only.includes(name));
}

/** Backends that mutants name and that cannot be tested here, with the reason. */
async function missingBackends(
  mutants: readonly Mutant[],
  args: ChaosArguments,
): Promise<Map<BackendName, string>> {
  const missing = new Map<BackendName, string>();
  for (const backend of new Set(mutants.map(({ backend }) => backend))) {
    if (args.backends && !args.backends.includes(backend)) {
      missing.set(backend, "its backend is not among those of --backend");
      continue;
    }
    const { targets, skipped } = await selectTargets({ ...args, backends: [backend] }, () => {});
    if (targets.length === 0) missing.set(backend, skipped[0]?.reason ?? "it cannot be tested");
  }
  return missing;
}

/** The library as it is: it must hold for as long, or a bug of it would be taken for a mutant's. */
function control([backend, mutants]: [BackendName, readonly Mutant[]]): Mutant {
  return {
    name: `none, ${backend}`,
    guarantee: "",
    isOfLibrary: false,
    protocolRules: [],
    backend,
    expected: "violated",
    faults: undefined,
    budgetS: Math.max(...mutants.map(({ budgetS }) => budgetS)),
    patches: [],
  };
}

/** Mutants under way, and what came of those before. */
class Run {
  readonly reported: ReportedMutant[] = [];
  readonly failures: string[] = [];
  readonly #args: ChaosArguments;
  readonly #terminal: Terminal;
  readonly #signal: AbortSignal;
  readonly #count: number;
  readonly #underWay = new Set<string>();

  constructor(args: ChaosArguments, terminal: Terminal, signal: AbortSignal, count: number) {
    this.#args = args;
    this.#terminal = terminal;
    this.#signal = signal;
    this.#count = count;
  }

  async control(mutant: Mutant): Promise<void> {
    await this.#guard(mutant, async () => {
      const [trial] = await this.#trials(mutant, 1) ?? [];
      if (trial?.kind !== "found") return;
      this.failures.push(
        `the library as it is breaks ${trial.by}: mend that first, or nothing is known of the ` +
          `mutants${trial.minimal ? ` (${trial.minimal.replay})` : ""}`,
      );
    });
  }

  async mutant(mutant: Mutant): Promise<void> {
    await this.#guard(mutant, async () => {
      const startedAtMs = performance.now();
      const trials = await this.#trials(mutant, this.#args.runs ?? SEEDS);
      if (trials === undefined) return;
      const durationMs = Math.round(performance.now() - startedAtMs);
      const reported = { ...report(mutant, trials, this.#args.runs), durationMs };
      this.reported.push(reported);
      this.#terminal.line(`${this.reported.length}/${this.#count} ${mutantLine(reported)}`);
    });
  }

  async #guard({ name, ...mutant }: Mutant, run: () => Promise<void>): Promise<void> {
    if (this.#signal.aborted) return;
    this.#underWay.add(name);
    this.#tellProgress();
    try {
      await run();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.failures.push(`mutant ${name}: ${reason}`);
      if (mutant.patches.length > 0) {
        this.reported.push({ ...described({ name, ...mutant }), killed: false });
      }
    } finally {
      this.#underWay.delete(name);
    }
  }

  /** One seed after the other; undefined when it was interrupted. */
  async #trials(mutant: Mutant, seeds: number): Promise<Trial[] | undefined> {
    await using tree = await MutantTree.make(mutant.patches);
    const trials: Trial[] = [];
    for (let index = 0; index < seeds; index++) {
      const seed = (this.#args.seed + index) | 0;
      const trial = await runTrial(tree.dir, mutant, seed, serversOf(this.#args), this.#signal);
      if (trial === undefined) return undefined;
      trials.push(trial);
      this.#tellProgress();
      // Without a number of seeds, one that finds it is enough.
      if (trial.kind === "found" && this.#args.runs === undefined) break;
    }
    return trials;
  }

  #tellProgress(): void {
    this.#terminal.progress(() =>
      `${this.reported.length} of ${this.#count} mutants; ${[...this.#underWay].join(", ")} …`
    );
  }
}

/** The servers that were chosen, as arguments of a run. */
function serversOf({ servers }: ChaosArguments): string[] {
  if (servers === undefined) return [];
  return ["--server", "url" in servers ? servers.url : servers.join(",")];
}

function report(
  mutant: Mutant,
  trials: readonly Trial[],
  runs: number | undefined,
): ReportedMutant {
  const found = trials.filter((trial) => trial.kind === "found");
  const [first] = found;
  const needed = runs === undefined ? 1 : Math.ceil(runs * LEAST_SHARE);
  return {
    ...described(mutant),
    killed: found.length >= needed,
    seeds: trials.length,
    kills: found.length,
    ...(first && {
      killedBy: first.by,
      ...(first.operations !== undefined && { operations: first.operations }),
      ...(first.minimal && { minimal: first.minimal }),
    }),
  };
}

function described(
  { name, guarantee, backend, expected, protocolRules }: Mutant,
): Omit<ReportedMutant, "killed"> {
  return { name, guarantee, backend, expected, protocolRules };
}
