/**
 * `deno task bench`: rates and ratios against raw client calls and against what people use today, side by side on
 * one machine.
 *
 * @module
 */

import { baselineText, ratiosOf, readBaseline } from "../bench/baseline.ts";
import type { CaseBackend } from "../bench/case.ts";
import { CASES } from "../bench/cases.ts";
import { guard } from "../bench/guard.ts";
import { thisMachine, usedVersions } from "../bench/machine.ts";
import { type BenchOptions, HelpShown, readOptions, UsageError } from "../bench/options.ts";
import {
  type CaseResult,
  exitCodeOf,
  type Results,
  RESULTS_FORMAT,
  toText,
} from "../bench/results.ts";
import { needsServer, runCase } from "../bench/run.ts";
import { baselineLines, caseLines, tableLines } from "../bench/table.ts";
import { print, printError } from "./print.ts";
import { findServer, isExecutable, isMissing, type ServerExecutable } from "./servers/provision.ts";

const BASELINE = new URL("../bench/baseline.json", import.meta.url);
const BASELINE_NAME = "bench/baseline.json";

try {
  Deno.exitCode = await main(readOptions(Deno.args, CASES));
} catch (error) {
  if (!(error instanceof HelpShown)) {
    printError(error instanceof Error ? error.message : String(error));
    if (error instanceof UsageError) printError("deno task bench --help tells what there is.");
    Deno.exitCode = 2;
  }
}

async function main(options: BenchOptions): Promise<number> {
  if (options.baseline === "compare") return await compareWithBaseline(options);
  const results = await measure(options);
  const lines = tableLines(results.cases);
  if (lines.length > 0) print("");
  for (const line of lines) print(line);
  if (options.baseline === "none") return exitCodeOf(results);
  if (exitCodeOf(results) === 2) return 2;
  await Deno.writeTextFile(BASELINE, baselineText(ratiosOf(results)));
  print(`\nRecorded in ${BASELINE_NAME}.`);
  return 0;
}

async function compareWithBaseline(options: BenchOptions): Promise<number> {
  const all = Object.entries(await recordedRatios());
  const compared = await guard({
    recorded: Object.fromEntries(all.filter(([name]) => isOn(options.backends, name))),
    async measure(names) {
      const cases = options.cases.filter(({ name }) => names.includes(name));
      return ratiosOf(await measure({ ...options, cases }));
    },
  });
  if (compared.length === 0) {
    throw new Error(`${BASELINE_NAME} holds nothing of ${options.backends.join(", ")}.`);
  }
  print(`\nAgainst ${BASELINE_NAME}:`);
  for (const line of baselineLines(compared)) print(line);
  const kept = compared.filter(({ state }) => state === "kept").length;
  print(`${kept} passed, ${compared.length - kept} failed`);
  if (compared.some(({ state }) => state === "unmeasured")) return 2;
  return kept < compared.length ? 1 : 0;
}

/** Whether a ratio was measured on one of some backends. */
function isOn(backends: readonly CaseBackend[], name: string): boolean {
  return backends.some((backend) => name.includes(` ${backend}: `));
}

async function measure({ cases, backends, settings, json }: BenchOptions): Promise<Results> {
  const { turnMs, rounds, withPeers, isFull } = settings;
  const startedAt = new Date().toISOString();
  const machine = thisMachine();
  const runs = cases.flatMap((one) =>
    one.backends.filter((backend) => backends.includes(backend)).map((backend) => ({
      one,
      backend,
    }))
  );
  const isServed = runs.some(({ backend }) => needsServer(backend));
  const binary = isServed ? await redisServer() : undefined;
  const versions = await usedVersions(binary ? `redis ${binary.version}` : "none");
  const found: CaseResult[] = [];
  const results = (): Results => ({
    ...{ format: RESULTS_FORMAT, startedAt, machine, versions, cases: found },
    settings: { turnMs, rounds, withPeers, isFull },
  });
  if (json !== undefined) await checkWritable(json);
  for (const { one, backend } of runs) {
    const result = await runCase(one, { backend, settings, binary });
    for (const line of caseLines(result)) print(line);
    found.push(result);
    // After each case: a run takes an hour, and may be ended before.
    if (json !== undefined) await Deno.writeTextFile(json, toText(results()));
  }
  return results();
}

/** That a file cannot be written is said before minutes are spent; what it holds stays until there is something new. */
async function checkWritable(path: string): Promise<void> {
  try {
    (await Deno.open(path, { append: true, create: true })).close();
  } catch (cause) {
    throw new Error(`--json ${path} cannot be written: ${(cause as Error).message}`, { cause });
  }
}

async function redisServer(): Promise<ServerExecutable> {
  const found = await findServer("redis", { provision: true, onProgress: print });
  if (isMissing(found)) throw new Error(found.missing);
  if (isExecutable(found)) return found;
  throw new Error(
    "The bench starts, fills and freezes servers of its own: let HAKGAL_REDIS_SERVER be a program's path, or unset it.",
  );
}

async function recordedRatios(): Promise<ReturnType<typeof readBaseline>> {
  try {
    return readBaseline(await Deno.readTextFile(BASELINE), BASELINE_NAME);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Error(
      `There is no ${BASELINE_NAME}: record one with deno task bench --quick --write-baseline`,
      { cause: error },
    );
  }
}
