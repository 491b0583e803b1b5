/**
 * `deno task bench`: rates and ratios against raw client calls and against what people use today, in one run on
 * one server.
 *
 * @module
 */

import { Command, InvalidArgumentError } from "commander";
import { cachedReadRates } from "../bench/cached_read.ts";
import { checkerFigures } from "../bench/checker.ts";
import { counterRates } from "../bench/counter.ts";
import { journalFigures } from "../bench/journal.ts";
import type { Rates } from "../bench/measure.ts";
import { bentocache, connectRedis } from "../bench/peers.ts";
import { observedReadRates } from "../bench/observed_read.ts";
import { hourOfOutage, outageFigures } from "../bench/outage.ts";
import { recoveryRates } from "../bench/recovery.ts";
import { print, printError } from "./print.ts";
import { findServer, isExecutable, isMissing } from "./servers/provision.ts";
import { type RunningServer, startServer } from "./servers/server.ts";

/** A ratio that is to be reached. */
interface Target {
  readonly what: string;
  readonly ours: string;
  readonly against: string;
  readonly least: number;
}

const COUNTER_TARGETS: readonly Target[] = [
  { what: "counter", ours: "ours, 64 sessions", against: "connect-redis", least: 30 },
  { what: "counter", ours: "ours, 64 sessions", against: "bentocache", least: 30 },
  { what: "counter", ours: "ours, 64 sessions", against: "raw EVALSHA", least: 0.5 },
];
const READ_TARGETS: readonly Target[] = [
  { what: "cached read", ours: "ours", against: "bentocache", least: 2 },
];
const OBSERVED_TARGETS: readonly Target[] = [
  { what: "observed read", ours: "Prometheus", against: "nobody observes", least: 0.95 },
];
const RECOVERY_TARGETS: readonly Target[] = [
  { what: "recovery", ours: "ours", against: "raw pipelined HGETALL", least: 0.5 },
];

interface BenchOptions {
  readonly seconds: number;
  readonly turns: number;
  readonly checker?: true;
  readonly observed?: true;
}

new Command("deno task bench")
  .description("Measures rates, and ratios against raw client calls and other libraries.")
  .option("--seconds <n>", "length of one turn of one contestant", positive, 2)
  .option("--turns <n>", "turns of each contestant, of which the median counts", positive, 5)
  .option("--checker", "measures the chaos checker alone")
  .option("--observed", "measures what metrics cost alone")
  .action(async ({ seconds, turns, checker, observed }: BenchOptions) => {
    if (observed) {
      Deno.exitCode = await reportObserved({ turnMs: seconds * 1_000, turns }) ? 0 : 1;
      return;
    }
    if (checker) {
      Deno.exitCode = reportChecker() ? 0 : 1;
      return;
    }
    const binary = await findServer("redis", { provision: true, onProgress: print });
    if (isMissing(binary)) {
      printError(binary.missing);
      Deno.exitCode = 2;
      return;
    }
    const server = isExecutable(binary) ? await startServer(binary) : undefined;
    try {
      const url = server?.url ?? ("url" in binary ? binary.url : "");
      const reached = await run(url, server, { turnMs: seconds * 1_000, turns });
      Deno.exitCode = reached ? 0 : 1;
    } finally {
      await server?.stop();
    }
  })
  .parse(Deno.args, { from: "user" });

async function run(
  url: string,
  server: RunningServer | undefined,
  options: { turnMs: number; turns: number },
): Promise<boolean> {
  await using connect = await connectRedis(url);
  await using bento = bentocache(url);
  const results = [
    report("One counter in a session of 10 × 1,536 vectors, 64 at once", {
      rates: await counterRates(url, [connect, bento], options),
      unit: "increments/s",
      targets: COUNTER_TARGETS,
    }),
    report("A read that memory answers", {
      rates: await cachedReadRates(url, bento, options),
      unit: "reads/s",
      targets: READ_TARGETS,
    }),
    await reportObserved(options),
    report("10,000 sessions recovered", {
      rates: await recoveryRates(url, options.turns),
      unit: "sessions/s",
      targets: RECOVERY_TARGETS,
    }),
  ];
  // A server of somebody else's is not frozen.
  if (server) results.push(await reportOutage(server));
  results.push(await reportMemory());
  results.push(await reportJournal());
  results.push(reportChecker());
  return results.every((reached) => reached);
}

async function reportObserved(options: { turnMs: number; turns: number }): Promise<boolean> {
  return report("A read that memory answers, measured by Prometheus", {
    rates: await observedReadRates(options),
    unit: "reads/s",
    targets: OBSERVED_TARGETS,
  });
}

async function reportOutage(server: RunningServer): Promise<boolean> {
  print("\nThe server is frozen, and thawed: 10,000 sessions, 100,000 journaled increments");
  const figures = await outageFigures(server);
  const us = (value: number) => `${value.toFixed(2)} µs`;
  const ms = (value: number) => `${Math.round(value)} ms`;
  const rate = (value: number) => `${Math.round(value).toLocaleString("en")}/s`;
  return [
    line("a read from memory, away", us(figures.awayReadUs), {
      isReached: figures.awayReadUs <= 2 * figures.healthyReadUs,
      target: `at most 2 × ${us(figures.healthyReadUs)}, the store up`,
    }),
    line("journaled, one caller", rate(figures.journaledAlone), {
      isReached: figures.journaledAlone >= 200_000,
      target: "at least 200,000/s",
    }),
    line("journaled, 64 callers", rate(figures.journaledTogether), {
      isReached: figures.journaledTogether >= 200_000,
      target: "at least 200,000/s",
    }),
    line("slowest call of the freeze", ms(figures.slowestMs), {
      isReached: figures.slowestMs <= 1_100,
      target: "at most the command timeout + 100 ms",
    }),
    line("reconciled in", ms(figures.reconciledMs), {
      isReached: figures.reconciledMs <= 3_000,
      target: "at most 3,000 ms",
    }),
    line("p99 of live calls meanwhile", ms(figures.drainingP99Ms), {
      isReached: figures.drainingP99Ms <= 3 * figures.healthyP99Ms,
      target: `at most 3 × ${ms(figures.healthyP99Ms)}, nothing to drain`,
    }),
  ].every((reached) => reached);
}

async function reportMemory(): Promise<boolean> {
  print("\nAn hour without the store, 1,000 writes/s to 10,000 sessions (as fast as it goes)");
  const { writes, sessions, journaledBytes, maxBytes, heapBytes, refused } = await hourOfOutage();
  const mib = (bytes: number) => `${(bytes / 1_048_576).toFixed(1)} MiB`;
  print(`  ${writes.toLocaleString("en")} writes, ${refused} refused; heap + ${mib(heapBytes)}`);
  return line(`${sessions.toLocaleString("en")} sessions journaled`, mib(journaledBytes), {
    isReached: journaledBytes <= maxBytes && refused === 0,
    target: `at most ${mib(maxBytes)}, none refused`,
  });
}

async function reportJournal(): Promise<boolean> {
  print("\nThe journal on disk, records of 500 bytes");
  const { manyMs, oneMs } = await journalFigures();
  return [
    line("10,000 records at once", `${Math.round(manyMs)} ms`, {
      isReached: manyMs <= 1_000,
      target: "at most 1,000 ms",
    }),
    line("one record by itself", `${oneMs.toFixed(3)} ms`, {
      isReached: oneMs <= 5,
      target: "at most 5 ms",
    }),
  ].every((reached) => reached);
}

function reportChecker(): boolean {
  print("\nThe chaos checker, 100,000 calls and 1,000,000");
  return checkerFigures().flatMap(({ shape, shortSeconds, longSeconds }) => [
    line(`${shape}, 100,000`, `${shortSeconds.toFixed(2)} s`, {
      isReached: shortSeconds <= 2,
      target: "at most 2 s",
    }),
    line(`${shape}, 1,000,000`, `${longSeconds.toFixed(2)} s`, {
      isReached: longSeconds <= 15,
      target: `at most 15 s; ${(longSeconds / shortSeconds).toFixed(1)} × as long`,
    }),
  ]).every((reached) => reached);
}

function line(
  name: string,
  value: string,
  { isReached, target }: { readonly isReached: boolean; readonly target: string },
): boolean {
  const verdict = isReached ? "reached" : "MISSED";
  print(`  ${name.padEnd(28)} ${value.padStart(14)}  (${target}): ${verdict}`);
  return isReached;
}

function report(
  title: string,
  { rates, unit, targets }: { rates: Rates; unit: string; targets: readonly Target[] },
): boolean {
  print(`\n${title}`);
  for (const [name, rate] of rates) {
    print(`  ${name.padEnd(26)} ${Math.round(rate).toLocaleString("en").padStart(12)} ${unit}`);
  }
  let reached = true;
  for (const { what, ours, against, least } of targets) {
    const ratio = (rates.get(ours) ?? 0) / (rates.get(against) ?? Infinity);
    const verdict = ratio >= least ? "reached" : "MISSED";
    if (ratio < least) reached = false;
    print(`  ${what}: ${ratio.toFixed(2)} × ${against} (target ${least}): ${verdict}`);
  }
  return reached;
}

function positive(text: string): number {
  const number = Number(text);
  if (!(number > 0)) throw new InvalidArgumentError("It is a number above 0.");
  return number;
}
