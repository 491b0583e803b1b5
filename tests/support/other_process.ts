/**
 * The other process of the conformance suite's cases with two: `other_process.ts BACKEND URL TASK`.
 *
 * @module
 */

import { ioredisAdapter } from "../../adapters/ioredis.ts";
import { nodeRedisAdapter } from "../../adapters/node_redis.ts";
import { sqliteAdapter } from "../../adapters/sqlite.ts";
import { valkeyGlideAdapter } from "../../adapters/valkey_glide.ts";
import { type OtherProcessTask, performTask } from "../../chaos/conformance.ts";
import type { StorageAdapter } from "../../mod.ts";

const ADAPTERS: Record<string, (url: string) => StorageAdapter> = {
  sqlite: (path) => sqliteAdapter({ path }),
  ioredis: (url) => ioredisAdapter({ url }),
  "node-redis": (url) => nodeRedisAdapter({ url }),
  "valkey-glide": (url) => valkeyGlideAdapter({ url }),
};

/** Lets a process of its own perform a task through a backend. */
export async function inOtherProcess(
  backend: string,
  url: string,
  task: OtherProcessTask,
): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", import.meta.filename!, backend, url, JSON.stringify(task)],
    stdin: "null",
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

if (import.meta.main) {
  const [backend, url, task] = Deno.args as [string, string, string];
  await performTask(ADAPTERS[backend]!(url), JSON.parse(task));
  Deno.exit(0); // GLIDE's threads would keep the process.
}
