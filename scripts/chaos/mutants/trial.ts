import type { ChaosReport, ReportedMutant, ReportedViolation } from "../../../chaos/report.ts";
import { EXIT_CODES } from "../../../chaos/verdict.ts";
import type { Expectation, Mutant } from "./mutant.ts";

/** What one seed's run came to. */
export type Trial =
  | { readonly kind: "found"; readonly by: string } & Pick<ReportedMutant, "operations" | "minimal">
  | { readonly kind: "missed" };

/** The code that a run must end with, and that which says that it missed the mutant. */
const CODES: Readonly<Record<Expectation, { readonly found: number; readonly missed: number }>> = {
  violated: { found: EXIT_CODES.violated, missed: EXIT_CODES.held },
  "proved-nothing": { found: EXIT_CODES["proved-nothing"], missed: EXIT_CODES.held },
  held: { found: EXIT_CODES.held, missed: EXIT_CODES.violated },
};

/**
 * Runs chaos in a mutant's tree; undefined when it was interrupted.
 *
 * @throws Error when it ended in a way that says nothing of the mutant
 */
export async function runTrial(
  dir: string,
  mutant: Mutant,
  seed: number,
  servers: readonly string[],
  signal: AbortSignal,
): Promise<Trial | undefined> {
  const { backend, faults, budgetS, expected } = mutant;
  const reportDir = `${dir}/chaos-report`;
  const options = ["--backend", backend, ...servers, "--seed", String(seed), "--quiet"];
  if (faults !== undefined) options.push("--faults", faults);
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", "--no-check", "scripts/chaos.ts", ...options],
      ...["--time-limit", String(budgetS), "--report", reportDir],
    ],
    cwd: dir,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
    // It ends what it started before it ends itself.
    signal,
  }).output();
  if (signal.aborted) return undefined;
  const { found, missed } = CODES[expected];
  if (code === missed) return { kind: "missed" };
  const said = new TextDecoder().decode(stderr).trim();
  // The rules and the search are at one about the good library: one that is broken made them disagree, or a checker.
  const exposes = mutant.isOfLibrary || mutant.guarantee === "checker";
  if (code === EXIT_CODES["could-not-run"] && exposes) {
    const report = await readReport(reportDir);
    if (report && isExposed(report)) return { kind: "found", by: "the cross-check" };
  }
  if (code !== found) {
    throw new Error(`chaos ended with code ${code} instead of ${found}: ${said}`);
  }
  return { kind: "found", ...await whatFound(expected, reportDir, said) };
}

/** Whether nothing is wrong with a run but that the rules and the linearizability search disagree. */
export function isExposed({ backends }: Pick<ChaosReport, "backends">): boolean {
  const disagreements = backends.reduce(
    (sum, { linearizability }) => sum + (linearizability?.["disagreements"] ?? 0),
    0,
  );
  return disagreements > 0 &&
    disagreements === backends.flatMap(({ problems }) => problems).length;
}

/** Undefined where the run ended before it had one. */
async function readReport(dir: string): Promise<ChaosReport | undefined> {
  try {
    return JSON.parse(await Deno.readTextFile(`${dir}/chaos.json`));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function whatFound(
  expected: Expectation,
  reportDir: string,
  said: string,
): Promise<{ by: string } & Pick<ReportedMutant, "operations" | "minimal">> {
  const report = await readReport(reportDir);
  if (report === undefined) throw new Error("chaos left no report");
  if (expected === "proved-nothing") {
    return { by: `exit ${EXIT_CODES["proved-nothing"]}: ${said.split("\n").at(-1)}` };
  }
  if (expected === "held") return { by: "the bug is missed" };
  const [first] = report.backends.flatMap(({ violations }) => violations);
  if (first === undefined) throw new Error("chaos ended with a violation that its report lacks");
  return {
    by: `${first.guarantee} ${first.rule}`,
    operations: first.foundAfter.operations,
    minimal: minimalOf(first),
  };
}

function minimalOf(
  { case: { ops, faults }, replay }: ReportedViolation,
): NonNullable<ReportedMutant["minimal"]> {
  return { calls: ops.length, faults: faults.length, replay };
}
