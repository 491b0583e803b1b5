/**
 * What the command line asks for.
 *
 * @module
 */

import { Command, CommanderError, InvalidArgumentError } from "commander";
import { closest } from "fastest-levenshtein";
import type { BenchCase, BenchSettings, CaseBackend } from "./case.ts";
import { FEWEST_ROUNDS } from "./rounds.ts";

/** What is to be done. */
export interface BenchOptions {
  readonly cases: readonly BenchCase[];
  /** Those asked for; a case runs on those of its own that are among them. */
  readonly backends: readonly CaseBackend[];
  readonly settings: BenchSettings;
  /** Where the results go. */
  readonly json: string | undefined;
  /** What is done with the recorded ratios. */
  readonly baseline: "none" | "compare" | "write";
}

/** What cannot be understood; the message says what can. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Asked for `--help`: it has been shown. */
export class HelpShown extends Error {
  override readonly name = "HelpShown";
}

interface Given {
  readonly case?: readonly string[];
  readonly backend?: readonly CaseBackend[];
  readonly peers?: true;
  readonly json?: string;
  readonly quick?: true;
  readonly writeBaseline?: true;
  readonly full?: true;
  readonly checker?: true;
  readonly seconds?: number;
  readonly rounds?: number;
  readonly mostSessions?: number;
}

const REPEATS = 2;
const SECONDS = 1;
const QUICK_SECONDS = 0.3;

/**
 * Reads the arguments.
 *
 * @throws UsageError on what there is not, with the nearest that there is
 * @throws HelpShown when help was asked for
 */
export function readOptions(args: readonly string[], cases: readonly BenchCase[]): BenchOptions {
  const given = parse(args, cases);
  const { quick, writeBaseline, checker, full, seconds, rounds, mostSessions } = given;
  if (writeBaseline && !quick) {
    throw new UsageError("A baseline is what --quick measures: say --quick --write-baseline.");
  }
  if (quick && full) {
    throw new UsageError("--quick and --full ask for opposite things: leave one out.");
  }
  if (quick && given.case) {
    throw new UsageError("--quick has cases of its own, those of the baseline: leave --case out.");
  }
  const names = checker ? ["checker"] : given.case;
  const chosen = names
    ? names.map((name) => cases.find((one) => one.name === name)!)
    : cases.filter(({ isGuarded }) => !quick || isGuarded);
  const backends = given.backend ?? (quick ? ["ioredis" as const] : backendsOf(cases));
  if (!chosen.some((one) => one.backends.some((backend) => backends.includes(backend)))) {
    throw new UsageError(
      `${chosen.map(({ name }) => name).join(", ")} ${
        chosen.length === 1 ? "is" : "are"
      } not for the backend ` +
        `${backends.join(", ")}, but for ${backendsOf(chosen).join(", ")}.`,
    );
  }
  return {
    cases: chosen,
    backends,
    settings: {
      turnMs: (seconds ?? (quick ? QUICK_SECONDS : SECONDS)) * 1_000,
      rounds: rounds ?? FEWEST_ROUNDS,
      repeats: quick ? 0 : REPEATS,
      withPeers: given.peers ?? false,
      isFull: full ?? false,
      mostSessions: mostSessions ?? (full ? 1_000_000 : 100_000),
    },
    json: given.json,
    baseline: writeBaseline ? "write" : quick ? "compare" : "none",
  };
}

function parse(args: readonly string[], cases: readonly BenchCase[]): Given {
  const names = cases.map(({ name }) => name);
  const command = new Command("deno task bench")
    .description(
      "Measures rates and what they are of raw client calls and of other libraries, side by side. Ends with 1 when " +
        "a target is missed, with 2 when something cannot be measured.",
    )
    .option("--case <names>", `by commas, of: ${names.join(", ")}`, listOf("case", names))
    .option("--backend <names>", "by commas", listOf("backend", backendsOf(cases)))
    .option("--peers", "lets connect-redis, keyv, bentocache and unstorage take part")
    .option("--json <file>", "writes the results down")
    .option("--quick", "the regression guard: few cases, compared with bench/baseline.json")
    .option("--write-baseline", "with --quick: records the ratios instead of comparing them")
    .option("--full", "a million sessions in growth, 10 minutes in gc")
    .option("--checker", "measures the chaos checker alone")
    .option("--seconds <n>", `length of one turn of one contestant (${SECONDS})`, positive)
    .option("--rounds <n>", `turns of each contestant (${FEWEST_ROUNDS})`, positiveInteger)
    .option("--most-sessions <n>", "most sessions in growth (100,000)", positiveInteger)
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  try {
    return command.parse(args as string[], { from: "user" }).opts<Given>();
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) throw new HelpShown();
    throw new UsageError(error.message.replace(/^error: /, ""));
  }
}

function listOf(what: string, known: readonly string[]): (text: string) => string[] {
  return (text) =>
    text.split(",").map((part) => {
      const name = part.trim();
      if (known.includes(name)) return name;
      throw new InvalidArgumentError(
        `There is no ${what} "${name}". Did you mean "${closest(name, known)}"?`,
      );
    });
}

function backendsOf(cases: readonly BenchCase[]): CaseBackend[] {
  return [...new Set(cases.flatMap(({ backends }) => backends))];
}

function positive(text: string): number {
  const number = Number(text);
  if (!(number > 0) || number === Infinity) {
    throw new InvalidArgumentError("It is a number above 0.");
  }
  return number;
}

function positiveInteger(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 1) {
    throw new InvalidArgumentError("It is a whole number above 0.");
  }
  return number;
}
