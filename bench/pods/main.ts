/**
 * A process that works for the bench: its job is its argument, its orders come line by line.
 *
 * @module
 */

import { exit } from "node:process";
import { linesOf } from "../../scripts/lines.ts";
import { print, printError } from "../../scripts/print.ts";
import { begin } from "./jobs.ts";

/** What closing may take when no more orders come. */
const CLOSE_MS = 5_000;

const job = await begin(JSON.parse(Deno.args[0]!));
print("ready");
for await (const line of linesOf(Deno.stdin.readable)) {
  // Not waited for: the end of the orders, which is that of the bench, is to be seen at any time.
  job.obey(JSON.parse(line)).then((turn) => print(JSON.stringify(turn)), (error) => {
    printError(error instanceof Error ? error.stack ?? error.message : String(error));
    exit(1);
  });
}
await Promise.race([
  job[Symbol.asyncDispose](),
  new Promise((resolve) => setTimeout(resolve, CLOSE_MS)),
]);
exit(0);
