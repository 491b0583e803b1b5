/**
 * A process that works for the bench: its job is its argument, its orders come line by line.
 *
 * @module
 */

import { linesOf } from "../../scripts/lines.ts";
import { print } from "../../scripts/print.ts";
import { begin } from "./jobs.ts";

await using job = await begin(JSON.parse(Deno.args[0]!));
print("ready");
for await (const line of linesOf(Deno.stdin.readable)) {
  print(JSON.stringify(await job.obey(JSON.parse(line))));
}
