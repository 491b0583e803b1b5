/**
 * The simulated run on all cores: each process runs every n-th case of the same sequence, so that a seed makes the same
 * cases on every machine, and a path names the same case.
 *
 * @module
 */

import type { CampaignResult, Tally } from "../../chaos/campaign_result.ts";
import type { SimulatedRun } from "../../cli/chaos/host.ts";
import { linesOf } from "../lines.ts";
import { armedOptions } from "./armed_build.ts";
import { readMessage, type ShardTask } from "./shard_messages.ts";

/** More processes than that find nothing sooner that a run looks for. */
const MOST_SHARDS = 8;

const MAIN = new URL("./shard_main.ts", import.meta.url);

/** Runs them until all are done, or one has found something. */
export async function runShards(options: SimulatedRun): Promise<CampaignResult[]> {
  const { path, runs = Infinity } = options.task;
  const most = Math.min(navigator.hardwareConcurrency, MOST_SHARDS, runs);
  const count = path === undefined ? Math.max(1, most) : 1;
  const found = new AbortController();
  const signal = AbortSignal.any([found.signal, options.signal]);
  const tallies: Tally[] = [];
  const results = await Promise.all(Array.from({ length: count }, async (_, index) => {
    // What comes before all cases is run once.
    const corpus = index === 0 ? options.task.corpus ?? [] : [];
    const task: ShardTask = { ...options.task, corpus, stride: { index, of: count } };
    const result = await runShard(task, signal, (tally) => {
      tallies[index] = tally;
      options.onTally(tallies.filter((known) => known !== undefined));
    });
    if (result?.finding || result?.toolFailure !== undefined) found.abort();
    return result;
  }));
  return results.filter((result) => result !== undefined);
}

async function runShard(
  task: ShardTask,
  signal: AbortSignal,
  onTally: (tally: Tally) => void,
): Promise<CampaignResult | undefined> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", "--no-check", "--quiet", ...await armedOptions()],
      MAIN.href,
    ],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    signal,
  }).spawn();
  // A task with its cases may be longer than an argument can be.
  const told = new Response(JSON.stringify(task)).body!.pipeTo(child.stdin);
  const said = new Response(child.stderr).text();
  let tally: Tally | undefined;
  let result: CampaignResult | undefined;
  for await (const line of linesOf(child.stdout)) {
    const message = readMessage(line);
    if (message.type === "result") result = message.result;
    else onTally(tally = message.tally);
  }
  if (result) onTally(result.tally);
  // One that ended before it had read all is told of by what it said.
  await told.catch(() => {});
  await child.status;
  if (result) return result;
  if (!signal.aborted) throw new Error(`a part of the simulated run ended early: ${await said}`);
  // Interrupted before it had said anything, it had done nothing.
  return tally && { tally, finding: undefined, toolFailure: undefined, sample: undefined };
}
