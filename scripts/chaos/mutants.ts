import type { ChaosReport, ReportedMutant } from "../../chaos/report.ts";
import type { ChaosArguments } from "./arguments.ts";
import type { Terminal } from "./terminal.ts";

export interface MutantsRun {
  readonly reported: readonly ReportedMutant[];
  /** Mutants that could not be run, and why. */
  readonly failures: readonly string[];
}

const ROOT = new URL("../../", import.meta.url);
const PATCHES = new URL("tests/mutants/", ROOT);
/** What a run of chaos needs of the tree. */
const COPIED = ["deno.json", "deno.lock", "mod.ts", "core", "adapters", "chaos", "scripts"];
/** A mutant that so many seeds miss has survived. */
const SEEDS = 3;
/** Share of the seeds that must find it, when it is asked for how many. */
const LEAST_SHARE = 0.9;
const BUDGET_S = 20;

interface Mutant {
  readonly name: string;
  readonly guarantee: string;
  readonly backend: string;
  /** Kinds of faults to make, where a mixture of all would seldom show it. */
  readonly faults: string | undefined;
  /** Path of the patch; none leaves the library as it is. */
  readonly patch: string | undefined;
}

/** Puts one known bug after the other into a copy of the tree, and runs chaos there. */
export async function runMutants(
  args: ChaosArguments,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<MutantsRun> {
  const reported: ReportedMutant[] = [];
  const failures: string[] = [];
  const mutants = await readMutants();
  const control = mutants.length === 0 ? undefined : await runControl(args, terminal, signal);
  if (control !== undefined) return { reported, failures: [control] };
  for (const mutant of mutants) {
    if (signal.aborted) break;
    terminal.progress(() => `mutant ${mutant.name} …`);
    try {
      const result = await runMutant(mutant, args, signal);
      reported.push(result);
      const end = result.killed ? `killed by ${result.killedBy}` : "SURVIVED";
      terminal.line(`${mutant.guarantee.padEnd(4)} ${mutant.name}: ${end}`);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      reported.push({ name: mutant.name, guarantee: mutant.guarantee, killed: false });
      failures.push(`mutant ${mutant.name}: ${reason}`);
    }
  }
  return { reported, failures };
}

/** Without a mutant the same run must hold, or a bug of the library would be taken for the mutant's. */
async function runControl(
  args: ChaosArguments,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<string | undefined> {
  terminal.progress(() => "the library as it is …");
  const control: Mutant = {
    ...{ name: "none", guarantee: "", backend: "memory", faults: undefined, patch: undefined },
  };
  const { killed, killedBy } = await runMutant(control, { ...args, runs: undefined }, signal);
  return killed
    ? `the library as it is breaks ${killedBy}: mend that first, or nothing is known of the mutants`
    : undefined;
}

async function readMutants(): Promise<Mutant[]> {
  const mutants: Mutant[] = [];
  for await (const { name } of Deno.readDir(PATCHES)) {
    if (!name.endsWith(".patch")) continue;
    const patch = new URL(name, PATCHES).pathname;
    const text = await Deno.readTextFile(patch);
    const header = (field: string) => new RegExp(`^# ${field}: (\\S+)`, "m").exec(text)?.[1];
    mutants.push({
      name: name.slice(0, -".patch".length),
      guarantee: header("guarantee") ?? "unknown",
      backend: header("backend") ?? "memory",
      faults: header("faults"),
      patch,
    });
  }
  return mutants.sort((a, b) => a.name < b.name ? -1 : 1);
}

async function runMutant(
  mutant: Mutant,
  args: ChaosArguments,
  signal: AbortSignal,
): Promise<ReportedMutant> {
  const dir = await Deno.makeTempDir({ prefix: "hakgal-mutant-" });
  try {
    for (const name of COPIED) await copy(new URL(name, ROOT), `${dir}/${name}`);
    if (mutant.patch !== undefined) await apply(mutant.patch, dir);
    const seeds = args.runs ?? SEEDS;
    let kills = 0;
    let killedBy: string | undefined;
    for (let index = 0; index < seeds && !signal.aborted; index++) {
      const found = await chaosIn(dir, mutant, args.seed + index, signal);
      if (found === undefined) continue;
      kills++;
      killedBy ??= found;
      // Without a number of seeds, one that finds it is enough.
      if (args.runs === undefined) break;
    }
    const needed = args.runs === undefined ? 1 : Math.ceil(seeds * LEAST_SHARE);
    const { name, guarantee } = mutant;
    const killed = kills >= needed;
    return { name, guarantee, killed, ...(killedBy === undefined ? {} : { killedBy }) };
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

async function copy(from: URL, to: string): Promise<void> {
  if ((await Deno.stat(from)).isFile) return await Deno.copyFile(from, to);
  await Deno.mkdir(to);
  for await (const { name } of Deno.readDir(from)) {
    await copy(new URL(`${from.href}/${encodeURIComponent(name)}`), `${to}/${name}`);
  }
}

async function apply(patch: string, dir: string): Promise<void> {
  const { success, stderr } = await new Deno.Command("git", {
    args: ["apply", "-p1", patch],
    cwd: dir,
    // Else git takes a checkout above the folder for the tree to be patched.
    env: { GIT_CEILING_DIRECTORIES: dir.replace(/\/[^/]*$/, "") },
  }).output();
  if (success) return;
  const said = new TextDecoder().decode(stderr).trim();
  throw new Error(`the patch no longer applies; make it anew for the code as it is: ${said}`);
}

/** What found the mutant, or undefined when all held. */
async function chaosIn(
  dir: string,
  mutant: Mutant,
  seed: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { backend, faults } = mutant;
  const options = ["--backend", backend, "--seed", String(seed), "--quiet"];
  if (faults !== undefined) options.push("--faults", faults);
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", "--no-check", "scripts/chaos.ts", ...options],
      ...["--time-limit", String(BUDGET_S), "--report", `${dir}/chaos-report`],
    ],
    cwd: dir,
    stdout: "null",
    stderr: "piped",
    signal,
  }).output();
  if (code === 0) return undefined;
  if (code !== 1) {
    const said = new TextDecoder().decode(stderr).trim();
    throw new Error(`chaos ended with code ${code} on it instead of finding it: ${said}`);
  }
  const text = await Deno.readTextFile(`${dir}/chaos-report/chaos.json`);
  const [first] = (JSON.parse(text) as ChaosReport).backends.flatMap(({ violations }) =>
    violations
  );
  return first === undefined ? "nothing" : `${first.guarantee} ${first.rule}`;
}
