/**
 * An adapter module with a server of its own, as a user writes one for `runChaos`. It holds to public names; only where
 * the server comes from is the tests' own.
 *
 * @module
 */

import type { StorageAdapter } from "@hakgal/sessions";
import { ioredisAdapter } from "@hakgal/sessions/adapters/ioredis";
import type { AdapterOptions, ChaosStore } from "@hakgal/sessions/chaos";
import { type RunningServer, startServer } from "../../scripts/servers/server.ts";
import { serverBinary } from "./servers.ts";

/** What was started, and what was done to it. */
export const started: { readonly server: RunningServer; readonly done: string[] }[] = [];

export function createAdapter({ url = "" }: AdapterOptions): StorageAdapter {
  return ioredisAdapter({ url });
}

export async function startStore(): Promise<ChaosStore> {
  const server = await startServer(await serverBinary("redis"), { persistence: "aof-unsynced" });
  const done: string[] = [];
  started.push({ server, done });
  return {
    url: server.url,
    async kill() {
      done.push("kill");
      await server.kill();
    },
    async restart({ empty }) {
      done.push("restart");
      await server.restart({ empty });
    },
    async freeze() {
      done.push("freeze");
      await server.freeze();
    },
    resume() {
      done.push("resume");
      server.resume();
      return Promise.resolve();
    },
    async stop() {
      done.push("stop");
      await server.stop();
    },
  };
}
