/**
 * `deno task chaos`: see docs/chaos.md.
 *
 * @module
 */

import { main } from "./chaos/main.ts";

const stop = new AbortController();
Deno.addSignalListener("SIGINT", () => stop.abort());
Deno.addSignalListener("SIGTERM", () => stop.abort());
Deno.exit(await main(Deno.args, stop.signal));
