/**
 * A share of a simulated run, as a process of its own: in it the failpoints are armed.
 *
 * @module
 */

import { runCampaign } from "../../chaos/campaign.ts";
import { runSimulated } from "../../chaos/simulated_runner.ts";
import { type FromShard, type ShardTask, writeMessage } from "./shard_messages.ts";

/** How often it says how far it is. */
const TOLD_EVERY_MS = 200;

const encoder = new TextEncoder();

function say(message: FromShard): void {
  let rest = encoder.encode(`${writeMessage(message)}\n`);
  while (rest.length > 0) rest = rest.subarray(Deno.stdout.writeSync(rest));
}

if (import.meta.main) {
  const task: ShardTask = await new Response(Deno.stdin.readable).json();
  let toldAtMs = 0;
  const result = await runCampaign({
    ...task,
    runner: (chaosCase) => runSimulated(chaosCase),
    onHistory(tally) {
      if (performance.now() - toldAtMs < TOLD_EVERY_MS) return;
      toldAtMs = performance.now();
      say({ type: "tally", tally });
    },
  });
  say({ type: "result", result });
}
