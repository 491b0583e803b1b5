import { Command, CommanderError } from "commander";
import { closest } from "fastest-levenshtein";
import { FAULT_KINDS, type FaultKind } from "../../chaos/fault_kinds.ts";
import { type Profile, PROFILES } from "../../chaos/profiles.ts";
import type { BackendName } from "../../chaos/real/target.ts";
import { SERVER_KINDS, type ServerKind } from "../servers/binary.ts";
import { UsageError } from "./usage_error.ts";

export const BACKENDS: readonly BackendName[] = [
  ...["memory", "sqlite", "ioredis", "node-redis", "valkey-glide"] as const,
];
const PROFILE_NAMES = Object.keys(PROFILES) as Profile[];

/** Mutants side by side, unless it is said how many. */
const MOST_JOBS = 8;

export interface ChaosArguments {
  /** Undefined: memory, SQLite, and every client whose server is found. */
  readonly backends: readonly BackendName[] | undefined;
  /** Kinds of servers, or one server's URL; undefined: whatever is found. */
  readonly servers: readonly ServerKind[] | { readonly url: string } | undefined;
  readonly runs: number | undefined;
  readonly seed: number;
  readonly path: string | undefined;
  /** A case to run instead of others. */
  readonly caseFile: string | undefined;
  /** Undefined: a mixture. */
  readonly profile: Profile | undefined;
  /** Undefined: all. */
  readonly faults: readonly FaultKind[] | undefined;
  readonly timeLimitMs: number;
  readonly reportDir: string;
  readonly provision: boolean;
  readonly requireAll: boolean;
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
  readonly quiet: boolean;
}

/** Reads the command line; undefined when help was asked for and `print` has given it. */
export function parseArguments(
  args: readonly string[],
  print: (text: string) => void,
): ChaosArguments | undefined {
  const command = describeCommand(print);
  try {
    command.parse([...args], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === "commander.helpDisplayed") return undefined;
    throw new UsageError(`${error.message.replace(/^error: /, "")} (see --help)`, {
      cause: error,
    });
  }
  return read(command.opts());
}

function describeCommand(print: (text: string) => void): Command {
  return new Command("deno task chaos")
    .description("Tries to break the guarantees of @hakgal/sessions, and says whether they held.")
    .option("--backend <names>", `of ${BACKENDS.join(", ")}; or all`)
    .option("--server <kinds>", `of ${SERVER_KINDS.join(", ")}; or all; or a server's URL`)
    .option("--runs <n>", "histories a backend; with --mutants, seeds a mutant")
    .option("--seed <n>", "repeats a run")
    .option("--path <p>", "with --seed, repeats the case that a failure names")
    .option("--faults <kinds>", "kinds of faults, or none; list prints them")
    .option("--profile <name>", `how faults are put together: ${PROFILE_NAMES.join(", ")}`)
    .option("--case <file>", "runs one case, as chaos wrote it")
    .option("--time-limit <seconds>", "longest time, after provisioning", "120")
    .option("--report <dir>", "folder of the reports", "chaos-report")
    .option("--provision", "fetches the servers that are missing, without root")
    .option("--require-all", "a backend that cannot be tested is an error")
    .option("--mutants [names]", "puts known bugs into the library, each of which must be found")
    .option("--jobs <n>", "mutants side by side, by default one a core, at most 8")
    .option("--exhaustive", "runs every interleaving of small worlds, as far as the time goes")
    .option("--world <name>", "with --exhaustive, one world")
    .option("--schedule <s>", "with --world and --seed, the schedule that a failure names")
    .option("--quiet", "no progress")
    .allowExcessArguments(false)
    .addHelpText("after", COMMANDS)
    .addHelpText("after", EXIT_CODES)
    .exitOverride()
    .configureOutput({ writeOut: (text) => print(text.trimEnd()), writeErr: () => {} });
}

const COMMANDS = `
Commands:
  check <file>          checks a recorded history again (see deno task chaos check --help)`;

const EXIT_CODES = `
Exit codes: 0 all held · 1 a guarantee was violated · 2 could not run · 3 the run proved nothing`;

function read(options: Record<string, string | boolean | undefined>): ChaosArguments {
  const text = (name: string) => options[name] as string | undefined;
  const path = text("path");
  if (path !== undefined && !/^\d+(:\d+)*$/.test(path)) {
    throw new UsageError(`--path is what a failure printed, e.g. 12:3:0; got "${path}".`);
  }
  if (path !== undefined && text("seed") === undefined) {
    throw new UsageError("--path needs the --seed that was printed beside it.");
  }
  return {
    backends: names("--backend", text("backend"), BACKENDS),
    servers: readServers(text("server")),
    runs: whole("--runs", text("runs"), 1),
    seed: whole("--seed", text("seed"), -0x8000_0000) ?? randomSeed(),
    path,
    caseFile: text("case"),
    profile: readProfile(text("profile")),
    faults: readFaults(text("faults")),
    timeLimitMs: 1_000 * whole("--time-limit", text("timeLimit"), 1)!,
    reportDir: text("report")!,
    provision: options.provision === true,
    requireAll: options.requireAll === true,
    mutants: options.mutants !== undefined,
    onlyMutants: typeof options.mutants === "string" ? options.mutants.split(",") : undefined,
    jobs: whole("--jobs", text("jobs"), 1) ?? Math.min(navigator.hardwareConcurrency, MOST_JOBS),
    exhaustive: options.exhaustive === true,
    world: text("world"),
    schedule: readSchedule(text("schedule"), text("world"), text("seed")),
    quiet: options.quiet === true,
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

function readServers(list: string | undefined): ChaosArguments["servers"] {
  if (list !== undefined && /^rediss?:\/\//.test(list)) {
    if (!URL.canParse(list)) {
      throw new UsageError(`--server is no URL: "${list}". Try redis://localhost:6379.`);
    }
    return { url: list };
  }
  return names("--server", list, SERVER_KINDS);
}

function readFaults(list: string | undefined): readonly FaultKind[] | undefined {
  if (list === "none") return [];
  return names("--faults", list, FAULT_KINDS.map(({ kind }) => kind));
}

function readProfile(name: string | undefined): Profile | undefined {
  return name === undefined ? undefined : oneOf("--profile", name, PROFILE_NAMES);
}

function names<Name extends string>(
  option: string,
  list: string | undefined,
  known: readonly Name[],
): readonly Name[] | undefined {
  if (list === undefined) return undefined;
  if (list === "all") return known;
  const wanted = list.split(",").map((name) => name.trim()).filter((name) => name !== "");
  if (wanted.length === 0) throw new UsageError(`${option} names none of ${known.join(", ")}.`);
  return [...new Set(wanted.map((name) => oneOf(option, name, known)))];
}

function oneOf<Name extends string>(
  option: string,
  name: string,
  known: readonly Name[],
): Name {
  const found = known.find((other) => other === name);
  if (found !== undefined) return found;
  throw new UsageError(
    `${option} knows no "${name}". Did you mean "${closest(name, [...known])}"? ` +
      `There are ${known.join(", ")}.`,
  );
}

function whole(option: string, text: string | undefined, least: number): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (!/^-?\d+$/.test(text) || number < least || number > 0x7fff_ffff) {
    throw new UsageError(
      `${option} is a whole number from ${least} to ${0x7fff_ffff}; got "${text}".`,
    );
  }
  return number;
}

function randomSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]! & 0x7fff_ffff;
}
