/**
 * `deno task chaos --exhaustive`: every interleaving of small worlds, as far as the time goes.
 *
 * @module
 */

import { checkHistory } from "../../chaos/checker.ts";
import { type BadSchedule, type Progress, runSchedule } from "../../chaos/exhaustive/explorer.ts";
import type { World } from "../../chaos/exhaustive/world.ts";
import { WORLDS } from "../../chaos/exhaustive/worlds.ts";
import { closest } from "fastest-levenshtein";
import type { ChaosArguments } from "./arguments.ts";
import type { FromWorker, ToWorker } from "./exhaustive_worker.ts";
import type { Terminal } from "../../cli/chaos/terminal.ts";
import { UsageError } from "../../cli/usage_error.ts";

/** What a search came to. */
export interface ExhaustiveRun {
  readonly progress: readonly Progress[];
  readonly bad: BadSchedule | undefined;
}

/** Searches the worlds that are asked for, or repeats one schedule. */
export async function runExhaustive(
  args: ChaosArguments,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<ExhaustiveRun> {
  const worlds = args.world === undefined ? WORLDS : [worldOf(args.world)];
  if (args.schedule !== undefined) return await repeat(worlds[0]!, args, terminal);
  const run = await searchAll(worlds, args, terminal, signal);
  for (const line of progressLines(worlds, run.progress)) terminal.line(line);
  if (run.bad) await tell(run.bad, args, terminal);
  return run;
}

/**
 * The world of a name.
 *
 * @throws UsageError when there is none, with the nearest
 */
function worldOf(name: string): World {
  const world = WORLDS.find((other) => other.name === name);
  if (world) return world;
  const names = WORLDS.map((other) => other.name);
  throw new UsageError(
    `--world knows no "${name}". Did you mean "${closest(name, names)}"? There are ` +
      `${names.join(", ")}.`,
  );
}

async function searchAll(
  worlds: readonly World[],
  { seed, timeLimitMs }: ChaosArguments,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<ExhaustiveRun> {
  const startedAtMs = performance.now();
  const known = new Map<string, Progress>();
  const count = Math.min(navigator.hardwareConcurrency, worlds.length);
  const workers: Worker[] = [];
  let bad: BadSchedule | undefined;
  const searching = Array.from({ length: count }, (_, index) => {
    const worker = new Worker(new URL("./exhaustive_worker.ts", import.meta.url), {
      type: "module",
    });
    workers.push(worker);
    const share = worlds.filter((_, place) => place % count === index).map(({ name }) => name);
    const task: ToWorker = { worlds: share, seed, timeLimitMs };
    worker.postMessage(task);
    return new Promise<void>((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
        if (data.type === "progress") {
          known.set(data.progress.world, data.progress);
          terminal.progress(() => totalLine([...known.values()], startedAtMs));
        } else if (data.type === "bad") {
          bad ??= data.bad;
          resolve();
        } else resolve();
      };
      worker.onerror = (event) => {
        event.preventDefault();
        reject(new Error(`a search failed: ${event.message}`));
      };
      signal.addEventListener("abort", () => resolve());
    });
  });
  try {
    // A violation ends the search: what it names is among the smallest worlds by then.
    await Promise.race([Promise.all(searching), firstBad(searching, () => bad !== undefined)]);
  } finally {
    for (const worker of workers) worker.terminate();
  }
  const progress = worlds.map(({ name }) =>
    known.get(name) ?? { world: name, schedules: 0, ended: 0, states: 0, isComplete: false }
  );
  return { progress, bad };
}

/** Resolves when one of the searches has found something. */
function firstBad(searches: readonly Promise<void>[], isFound: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    for (const search of searches) search.then(() => isFound() && resolve(), reject);
  });
}

function totalLine(progress: readonly Progress[], startedAtMs: number): string {
  const sum = (count: (progress: Progress) => number) =>
    progress.reduce((total, each) => total + count(each), 0).toLocaleString("en");
  const complete = progress.filter(({ isComplete }) => isComplete).length;
  const seconds = Math.round((performance.now() - startedAtMs) / 1_000);
  return `exhaustive: ${complete} worlds complete, ${sum((each) => each.schedules)} schedules, ` +
    `${sum((each) => each.states)} states, ${seconds} s`;
}

function progressLines(worlds: readonly World[], progress: readonly Progress[]): string[] {
  const lines = progress.map(({ world, schedules, ended, states, isComplete }, index) =>
    `${world.padEnd(22)} ${isComplete ? "complete" : "so far  "} ` +
    `${schedules.toLocaleString("en").padStart(9)} schedules ` +
    `(${ended.toLocaleString("en")} to their end), ${states.toLocaleString("en")} states: ` +
    worlds[index]!.about
  );
  const sum = (count: (progress: Progress) => number) =>
    progress.reduce((total, each) => total + count(each), 0).toLocaleString("en");
  const complete = progress.filter(({ isComplete }) => isComplete).length;
  return [
    ...lines,
    `exhaustive: ${complete} of ${worlds.length} worlds complete, ` +
    `${sum((each) => each.schedules)} distinct schedules, ` +
    `${sum((each) => each.states)} distinct states`,
  ];
}

async function tell(bad: BadSchedule, { seed }: ChaosArguments, terminal: Terminal): Promise<void> {
  const world = worldOf(bad.world);
  const { steps } = await runSchedule(world, bad.schedule, { seed });
  const { guarantee, rule, message } = bad.violation;
  const schedule = bad.schedule.join(".") || "0";
  terminal.line([
    `The world ${bad.world} breaks ${guarantee} (rule ${rule}):`,
    `  ${message}`,
    "Its schedule:",
    ...steps.map((step, turn) => `  ${bad.schedule[turn] ? "→" : " "} ${step}`),
    "To see it again:",
    `  deno task chaos --exhaustive --world ${bad.world} --schedule ${schedule} --seed ${seed}`,
  ].join("\n"));
}

async function repeat(
  world: World,
  args: ChaosArguments,
  terminal: Terminal,
): Promise<ExhaustiveRun> {
  const schedule = args.schedule!;
  const { seed } = args;
  const ran = await runSchedule(world, schedule, { seed }).catch((error: unknown) => {
    if (error instanceof RangeError) {
      throw new UsageError(`--schedule does not fit the world: ${error.message}.`);
    }
    throw error;
  });
  const verdict = checkHistory(ran.history);
  const progress = [
    { world: world.name, schedules: 1, ended: 1, states: ran.steps.length, isComplete: false },
  ];
  if (verdict.verdict !== "violated") {
    for (const step of ran.steps) terminal.line(`  ${step}`);
    terminal.line(`This schedule of ${world.name}: ${verdict.verdict}`);
    return { progress, bad: undefined };
  }
  const [violation] = verdict.violations;
  const bad = { world: world.name, schedule, violation: violation!, history: ran.history };
  await tell(bad, args, terminal);
  return { progress, bad };
}
