/**
 * The options of the chaos command, wherever it runs.
 *
 * @module
 */

import { Command } from "commander";
import { closest } from "fastest-levenshtein";
import { FAULT_KINDS, type FaultKind } from "../../chaos/fault_kinds.ts";
import { type Profile, PROFILES } from "../../chaos/profiles.ts";
import type { BackendName } from "../../chaos/real/target.ts";
import { UsageError } from "../usage_error.ts";

/** All that can be tested. */
export const BACKENDS: readonly BackendName[] = [
  ...["memory", "sqlite", "ioredis", "node-redis", "valkey-glide"] as const,
];
const PROFILE_NAMES = Object.keys(PROFILES) as Profile[];

/** What is run. */
export interface RunArguments {
  /** Undefined: memory, SQLite, and every client whose server is found. */
  readonly backends: readonly BackendName[] | undefined;
  /** Kinds of servers, or one server's URL; undefined: whatever is found. */
  readonly servers: readonly string[] | { readonly url: string } | undefined;
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
  readonly requireAll: boolean;
  readonly quiet: boolean;
}

/** The options as they were given, by their names without dashes. */
export type GivenOptions = Readonly<Record<string, string | boolean | undefined>>;

/** Describes the command that is called `program`; `serverKinds` are the servers that it knows by name. */
export function describeRun(program: string, serverKinds: readonly string[]): Command {
  const [flag, servers] = serverKinds.length > 0
    ? ["--server <kinds>", `of ${serverKinds.join(", ")}; or all; or a server's URL`]
    : ["--server <url>", "where a server is, e.g. redis://localhost:6379"];
  return new Command(program)
    .description("Tries to break the guarantees of @hakgal/sessions, and says whether they held.")
    .option("--backend <names>", `of ${BACKENDS.join(", ")}; or all`)
    .option(flag, servers)
    .option("--runs <n>", "histories a backend")
    .option("--seed <n>", "repeats a run")
    .option("--path <p>", "with --seed, repeats the case that a failure names")
    .option("--faults <kinds>", "kinds of faults, or none; list prints them")
    .option("--profile <name>", `how faults are put together: ${PROFILE_NAMES.join(", ")}`)
    .option("--case <file>", "runs one case, as chaos wrote it")
    .option("--time-limit <seconds>", "longest time, after provisioning", "120")
    .option("--report <dir>", "folder of the reports", "chaos-report")
    .option("--require-all", "a backend that cannot be tested is an error")
    .option("--quiet", "no progress")
    .addHelpText("after", commandsOf(program))
    .addHelpText("after", EXIT_CODES);
}

function commandsOf(program: string): string {
  return `
Commands:
  check <file>          checks a recorded history again (see ${program} check --help)`;
}

const EXIT_CODES = `
Exit codes: 0 all held · 1 a guarantee was violated · 2 could not run · 3 the run proved nothing`;

/**
 * Reads them.
 *
 * @throws {UsageError} when one cannot be taken
 */
export function readRun(options: GivenOptions, serverKinds: readonly string[]): RunArguments {
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
    servers: readServers(text("server"), serverKinds),
    runs: whole("--runs", text("runs"), 1),
    seed: whole("--seed", text("seed"), -0x8000_0000) ?? randomSeed(),
    path,
    caseFile: text("case"),
    profile: readProfile(text("profile")),
    faults: readFaults(text("faults")),
    timeLimitMs: 1_000 * whole("--time-limit", text("timeLimit"), 1)!,
    reportDir: text("report")!,
    requireAll: options.requireAll === true,
    quiet: options.quiet === true,
  };
}

function readServers(
  list: string | undefined,
  kinds: readonly string[],
): RunArguments["servers"] {
  const isUrl = list !== undefined && /^rediss?:\/\//.test(list);
  if (isUrl && URL.canParse(list)) return { url: list };
  if (isUrl || list !== undefined && kinds.length === 0) {
    throw new UsageError(`--server is no URL: "${list}". Try redis://localhost:6379.`);
  }
  return names("--server", list, kinds);
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

/** A whole number that is `least` or more; undefined where none is given. */
export function whole(
  option: string,
  text: string | undefined,
  least: number,
): number | undefined {
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
