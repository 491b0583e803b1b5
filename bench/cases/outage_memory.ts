/**
 * What an hour without the store takes in memory.
 *
 * @module
 */

import { memoryAdapter } from "../../adapters/memory.ts";
import { type StorageAdapter, StoreUnavailableError, type TenantSessions } from "../../mod.ts";
import type { BenchCase } from "../case.ts";
import { embedding, forEach, idsOf } from "../sessions.ts";
import { openManager, TENANT } from "../store.ts";
import { atMost } from "../verdict.ts";

const SESSIONS = 10_000;
const WRITES_PER_SECOND = 1_000;
const SECONDS = 3_600;
const MAX_BYTES = 67_108_864;

/** An hour of writes at 1,000 a second, made as fast as it goes: counters and flags in seven fields, and vectors. */
export const outageMemory: BenchCase = {
  name: "outage_memory",
  title: "an hour without the store, 1,000 writes/s to 10,000 sessions (as fast as it goes)",
  backends: ["none"],
  async run() {
    const { adapter, cut } = cuttable();
    const journal = { maxBytes: MAX_BYTES };
    const manager = await openManager("memory", undefined, {
      adapter,
      maxStalenessMs: 60_000,
      journal,
    });
    try {
      const sessions = manager.tenant(TENANT);
      const ids = idsOf("user", SESSIONS);
      await forEach(ids, (id) => sessions.getOrCreate(id, { plan: "free" }));
      cut(true);
      await sessions.increment(ids[0]!, "n0");
      const heapBefore = Deno.memoryUsage().heapUsed;
      const refused = await writeForAnHour(sessions, ids);
      const heapBytes = Deno.memoryUsage().heapUsed - heapBefore;
      const { journaled, journaledBytes } = manager.status();
      cut(false);
      await manager.flush({ timeoutMs: 60_000 });
      return {
        races: [],
        verdicts: [
          atMost("journaled", { value: journaledBytes, unit: "B" }, MAX_BYTES),
          atMost("writes refused", { value: refused, unit: "" }, 0),
        ],
        figures: {
          "sessions journaled": { value: journaled, unit: "" },
          "writes": { value: WRITES_PER_SECOND * SECONDS, unit: "" },
          "growth of the heap, with its garbage": { value: heapBytes, unit: "B" },
        },
      };
    } finally {
      cut(false);
      await manager.close();
    }
  },
};

/** Answers how many writes were refused. */
async function writeForAnHour(sessions: TenantSessions, ids: readonly string[]): Promise<number> {
  const vector = embedding(16);
  const write = (index: number): Promise<unknown> => {
    const id = ids[index % SESSIONS]!;
    const turn = Math.floor(index / SESSIONS);
    if (turn % 10 === 9) return sessions.appendTrajectory(id, vector);
    if (turn % 3 === 2) return sessions.updateContext(id, { [`flag${turn % 7}`]: turn });
    return sessions.increment(id, `n${turn % 7}`);
  };
  let refused = 0;
  for (let second = 0; second < SECONDS; second++) {
    const first = second * WRITES_PER_SECOND;
    await Promise.all(
      Array.from(
        { length: WRITES_PER_SECOND },
        (_, step) => write(first + step).catch(() => refused++),
      ),
    );
  }
  return refused;
}

/** A store in memory that can be taken away. */
function cuttable(): { readonly adapter: StorageAdapter; readonly cut: (isAway: boolean) => void } {
  let isAway = false;
  const away = () => Promise.reject(new StoreUnavailableError("away", { outcome: "not-applied" }));
  const adapter = new Proxy(memoryAdapter(), {
    get(target, name) {
      const value = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      return isAway && name !== "close" ? away : value.bind(target);
    },
  });
  return { adapter, cut: (value) => isAway = value };
}
