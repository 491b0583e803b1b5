/**
 * The options of `deno task chaos`: those of the command anywhere, and those that need a clone.
 *
 * @module
 */

import {
  describeRun,
  type GivenOptions,
  readRun,
  type RunArguments,
  whole,
} from "../../cli/chaos/arguments.ts";
import { parseCommand } from "../../cli/chaos/parse_command.ts";
import { UsageError } from "../../cli/usage_error.ts";
import { SERVER_KINDS } from "../servers/binary.ts";

/** As the command is called. */
export const PROGRAM = "deno task chaos";

/** Mutants side by side, unless it is said how many. */
const MOST_JOBS = 8;

export interface ChaosArguments extends RunArguments {
  readonly provision: boolean;
  readonly mutants: boolean;
  /** Names of those to be run; undefined: all. */
  readonly onlyMutants: readonly string[] | undefined;
  /** Mutants side by side. */
  readonly jobs: number;
  readonly exhaustive: boolean;
  /** With `exhaustive`: the name of one world; undefined: all. */
  readonly world: string | undefined;
  /** With `world`: the choices of one schedule. */
  readonly schedule: readonly number[] | undefined;
}

/** Reads the command line; undefined when help was asked for and `print` has given it. */
export function parseArguments(
  args: readonly string[],
  print: (text: string) => void,
): ChaosArguments | undefined {
  const command = describeRun(PROGRAM, SERVER_KINDS)
    .option("--provision", "fetches the servers that are missing, without root")
    .option(
      "--mutants [names]",
      "puts known bugs into the library, each of which must be found; --runs are seeds then",
    )
    .option("--jobs <n>", "mutants side by side, by default one a core, at most 8")
    .option("--exhaustive", "runs every interleaving of small worlds, as far as the time goes")
    .option("--world <name>", "with --exhaustive, one world")
    .option("--schedule <s>", "with --world and --seed, the schedule that a failure names");
  const options = parseCommand<GivenOptions>(command, args, print);
  return options && read(options);
}

function read(options: GivenOptions): ChaosArguments {
  const text = (name: string) => options[name] as string | undefined;
  return {
    ...readRun(options, SERVER_KINDS),
    provision: options.provision === true,
    mutants: options.mutants !== undefined,
    onlyMutants: typeof options.mutants === "string" ? options.mutants.split(",") : undefined,
    jobs: whole("--jobs", text("jobs"), 1) ?? Math.min(navigator.hardwareConcurrency, MOST_JOBS),
    exhaustive: options.exhaustive === true,
    world: text("world"),
    schedule: readSchedule(text("schedule"), text("world"), text("seed")),
  };
}

function readSchedule(
  schedule: string | undefined,
  world: string | undefined,
  seed: string | undefined,
): readonly number[] | undefined {
  if (schedule === undefined) return undefined;
  if (!/^\d{1,4}(\.\d{1,4})*$/.test(schedule)) {
    throw new UsageError(`--schedule is what a failure printed, e.g. 0.0.2; got "${schedule}".`);
  }
  if (world === undefined || seed === undefined) {
    throw new UsageError(
      "--schedule needs the --world and the --seed that were printed beside it.",
    );
  }
  return schedule.split(".").map(Number);
}
