/**
 * What sessions take in the store and in a pod, and what a bare hash of the same content takes.
 *
 * @module
 */

import type { Bench } from "./case.ts";
import type { RawArgument, RawClient } from "./clients/open.ts";
import { usedBytes } from "./garbage.ts";
import { embedding, forEach, idsOf, VECTORS } from "./sessions.ts";
import { fill, type SessionSize, stageIds } from "./stages.ts";
import { TENANT } from "./store.ts";

/** So many that what else a process allocates is little beside them. */
const SESSIONS: Readonly<Record<SessionSize, number>> = { large: 1_000, small: 20_000 };

/** Bytes a session. */
export interface MemoryFigures {
  readonly store: number;
  readonly pod: number;
  /** A hash with the same context and vectors and nothing else, under a key as long. */
  readonly bare: number;
}

/** Fills the case's server with sessions and with bare hashes, and lets a new pod take the sessions over. */
export async function memoryFigures(
  bench: Bench,
  client: RawClient,
  size: SessionSize,
): Promise<MemoryFigures> {
  const sessions = SESSIONS[size];
  const stage = { sessions, size };
  const maker = await bench.open();
  const store = await grownBy(client, () => fill(maker.tenant(TENANT), client, stage));
  await maker.close();
  const bare = await grownBy(client, () => fillBare(client, size));
  const pod = await bench.open({ cache: { maxSessions: sessions, maxBytes: 2 ** 30 } });
  // What a client allocates for its first replies is no session's.
  await pod.tenant(TENANT).recover(idsOf("unknown", sessions));
  const before = usedBytes();
  // The map that it answers would hold them too.
  await pod.tenant(TENANT).recover(stageIds(stage));
  const held = usedBytes() - before;
  await pod.close();
  return { store: store / sessions, pod: held / sessions, bare: bare / sessions };
}

/** What is written to the server's memory meanwhile, in bytes. */
async function grownBy(client: RawClient, work: () => Promise<unknown>): Promise<number> {
  const before = await usedMemory(client);
  await work();
  return await usedMemory(client) - before;
}

async function usedMemory(client: RawClient): Promise<number> {
  const info = String(await client.send("INFO", "memory"));
  return Number(/used_memory:(\d+)/.exec(info)?.[1]);
}

async function fillBare(client: RawClient, size: SessionSize): Promise<void> {
  // As long as a session's key.
  const ids = idsOf(`bare:${size}`, SESSIONS[size]).map((id) => id.padEnd(100, "-"));
  const [first, ...others] = ids;
  await client.send("HSET", first!, ...bareFields(size));
  await client.send("PEXPIRE", first!, "3600000");
  await forEach(others, (id) => client.send("COPY", first!, id));
}

function bareFields(size: SessionSize): RawArgument[] {
  if (size === "small") {
    return ["c:plan", '"free"', "c:tx_count_1h", "5", "c:risk", '"low"', "c:n", "0"];
  }
  const bytes = new Uint8Array(embedding().buffer);
  const vectors = Array.from({ length: VECTORS }, (_, slot) => [`v:${slot}`, bytes]);
  return ["c:plan", '"free"', "c:n", "0", ...vectors.flat()];
}
