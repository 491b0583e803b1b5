/**
 * A store that freezes and comes back: what calls cost while it is away, and while the journal drains.
 *
 * @module
 */

import type { SessionManager, TenantSessions } from "../../mod.ts";
import { type Bench, type BenchCase, REDIS_CLIENTS } from "../case.ts";
import { type Latency, LatencyRecorder } from "../latency.ts";
import { forEach, idsOf } from "../sessions.ts";
import { median } from "../statistics.ts";
import { TENANT } from "../store.ts";
import { callers, type Work } from "../turns.ts";
import { atLeast, atMost } from "../verdict.ts";

const SESSIONS = 10_000;
const OPERATIONS = 100_000;
const LIVE_SESSIONS = 64;
const COMMAND_TIMEOUT_MS = 1_000;
const HEALTHY_MS = 1_500;
const JOURNALING_MS = 1_000;
const FLUSH_MS = 60_000;

/** The server is frozen under a pod that holds 10,000 sessions, and thawed. */
export const outage: BenchCase = {
  name: "outage",
  title: "a freeze: 10,000 sessions, 100,000 coalesced operations reconciled",
  backends: REDIS_CLIENTS,
  async run(bench) {
    const manager = await bench.open({
      maxStalenessMs: 60_000,
      commandTimeoutMs: COMMAND_TIMEOUT_MS,
      cache: { maxSessions: 2 * SESSIONS },
      journal: { maxSessions: 2 * SESSIONS },
    });
    const sessions = manager.tenant(TENANT);
    const ids = idsOf("user", SESSIONS);
    const live = idsOf("live", LIVE_SESSIONS);
    await forEach([...ids, ...live], (id) => sessions.getOrCreate(id, { plan: "free" }));
    const liveWork: Work = (caller) => sessions.increment(live[caller]!, "n");
    const healthyReadUs = await medianUs(() => sessions.get(ids[0]!));
    const healthy = await until(delay(HEALTHY_MS), liveWork);
    const away = await freeze(bench, sessions, { ids, live });
    const { reconciledMs, draining } = await thaw(bench, manager, liveWork);
    return {
      races: [],
      verdicts: [
        atMost("read, away", { value: away.readUs, unit: "µs" }, 2, {
          ...{ name: "the same, the store up", value: healthyReadUs, unit: "µs" },
        }),
        atLeast("journaled, one caller", { value: away.journaledAlone, unit: "/s" }, 200_000),
        atLeast("journaled, 64 callers", { value: away.journaledTogether, unit: "/s" }, 200_000),
        atMost("slowest call", { value: away.slowestMs, unit: "ms" }, COMMAND_TIMEOUT_MS + 100),
        atMost("reconciled in", { value: reconciledMs, unit: "ms" }, 3_000),
        atMost("p99 of live calls meanwhile", { value: draining.p99Ms, unit: "ms" }, 3, {
          ...{ name: "the same, nothing to drain", value: healthy.p99Ms, unit: "ms" },
        }),
      ],
    };
  },
};

interface Away {
  readonly readUs: number;
  readonly journaledAlone: number;
  readonly journaledTogether: number;
  readonly slowestMs: number;
}

/** Freezes the server; each live session meets that, and then 100,000 increments and more are journaled. */
async function freeze(
  { server }: Bench,
  sessions: TenantSessions,
  { ids, live }: { readonly ids: readonly string[]; readonly live: readonly string[] },
): Promise<Away> {
  let slowestMs = 0;
  const timed = async (call: Promise<unknown>) => {
    const startedAtMs = performance.now();
    await call;
    slowestMs = Math.max(slowestMs, performance.now() - startedAtMs);
  };
  await server.freeze();
  try {
    await Promise.all(live.map((id) => timed(sessions.increment(id, "n"))));
    await timed(sessions.get(ids[0]!));
    // As the healthy ones are: watching each call would cost more than the read.
    const readUs = await medianUs(() => sessions.get(ids[0]!));
    const journaled = (many: number) => {
      const work: Work = (caller) => sessions.increment(ids[caller]!, "n");
      const options = { callers: many, turnMs: JOURNALING_MS, isTimed: false };
      return callers("journaled", work, options).turn(new LatencyRecorder());
    };
    const [journaledAlone, journaledTogether] = [await journaled(1), await journaled(64)];
    for (let round = 0; round < OPERATIONS / SESSIONS; round++) {
      await forEach(ids, (id) => timed(sessions.increment(id, "n")), 1_000);
    }
    return { readUs, journaledAlone, journaledTogether, slowestMs };
  } catch (error) {
    server.resume();
    throw error;
  }
}

/** Lets the server go on; live calls are made until all has been reconciled. */
async function thaw(
  { server }: Bench,
  manager: SessionManager,
  liveWork: Work,
): Promise<{ readonly reconciledMs: number; readonly draining: Latency }> {
  const reconciled = Promise.withResolvers<number>();
  const recovering = Promise.withResolvers<void>();
  manager.on("reconciled", ({ tookMs }) => reconciled.resolve(tookMs));
  manager.on("recovering", () => recovering.resolve());
  server.resume();
  await recovering.promise;
  const draining = await until(reconciled.promise, liveWork);
  await manager.flush({ timeoutMs: FLUSH_MS });
  return { reconciledMs: await reconciled.promise, draining };
}

/** Median time of one call, measured over groups of them: a clock is too coarse for one. */
async function medianUs(work: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let group = 0; group < 200; group++) {
    const startedAtMs = performance.now();
    for (let call = 0; call < 100; call++) await work();
    times.push((performance.now() - startedAtMs) * 10);
  }
  return median(times);
}

/** The times of calls made one after the other by each of the live sessions, until `end`. */
async function until(end: Promise<unknown>, work: Work): Promise<Latency> {
  const latencies = new LatencyRecorder();
  let isOver = false;
  const ended = end.then(() => isOver = true);
  const caller = async (_: unknown, index: number) => {
    do {
      const startedAtMs = performance.now();
      await work(index);
      latencies.record(performance.now() - startedAtMs);
    } while (!isOver);
  };
  await Promise.all([ended, ...Array.from({ length: LIVE_SESSIONS }, caller)]);
  return latencies.summary()!;
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
