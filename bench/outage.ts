/**
 * A store that freezes and comes back: what calls cost while it is away, and while the journal drains.
 *
 * @module
 */

import { memoryUsage } from "node:process";
import { memoryAdapter } from "../adapters/memory.ts";
import { SessionManager, StoreUnavailableError } from "../mod.ts";
import type { RunningServer } from "../scripts/servers/server.ts";

const SESSIONS = 10_000;
const OPERATIONS = 100_000;
const LIVE_SESSIONS = 64;
const COMMAND_TIMEOUT_MS = 1_000;

/** Figures of one outage. */
export interface OutageFigures {
  /** Median of a read that memory answers, in microseconds: the store up, and away. */
  readonly healthyReadUs: number;
  readonly awayReadUs: number;
  /** Increments a second that the journal takes: of one caller after the other, and of 64 at once. */
  readonly journaledAlone: number;
  readonly journaledTogether: number;
  /** The slowest call of the whole freeze, in milliseconds. */
  readonly slowestMs: number;
  /** How long 100,000 coalesced operations of 10,000 sessions took to reach the store, in milliseconds. */
  readonly reconciledMs: number;
  /** 99th percentile of live increments, in milliseconds: the store up, and while the journal drains. */
  readonly healthyP99Ms: number;
  readonly drainingP99Ms: number;
}

/** Writes of an hour at 1,000 a second. */
const HOUR_OF_WRITES = 3_600_000;

/** What an outage of an hour, at 1,000 writes a second, takes in memory; as fast as it goes. */
export interface MemoryFigures {
  readonly writes: number;
  /** Sessions and bytes journaled at the end, and how many the bounds allow. */
  readonly sessions: number;
  readonly journaledBytes: number;
  readonly maxBytes: number;
  /** What the process's heap grew by, in bytes. */
  readonly heapBytes: number;
  /** Writes that were refused because the journal was full. */
  readonly refused: number;
}

/** Writes to 10,000 sessions for what would be an hour: counters, flags and vectors in turn. */
export async function hourOfOutage(): Promise<MemoryFigures> {
  const maxBytes = 67_108_864;
  const adapter = memoryAdapter();
  let isAway = false;
  const away = () => Promise.reject(new StoreUnavailableError("away", { outcome: "not-applied" }));
  const cut = new Proxy(adapter, {
    get(target, name) {
      const value = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      return isAway && name !== "close" ? away : value.bind(target);
    },
  });
  const manager = new SessionManager({
    adapter: cut,
    idSecret: "a secret for the bench",
    maxStalenessMs: 60_000,
    journal: { maxBytes },
  });
  const sessions = manager.tenant("bench");
  const ids = Array.from({ length: SESSIONS }, (_, index) => `user-${index}`);
  await inGroups(ids, (id) => sessions.getOrCreate(id, { plan: "free" }));
  isAway = true;
  await sessions.increment(ids[0]!, "n0");
  const before = memoryUsage().heapUsed;
  let refused = 0;
  const vector = new Float32Array(16).fill(0.5);
  const write = (index: number): Promise<unknown> => {
    const id = ids[index % SESSIONS]!;
    const turn = Math.floor(index / SESSIONS);
    if (turn % 10 === 9) return sessions.appendTrajectory(id, vector);
    if (turn % 3 === 2) return sessions.updateContext(id, { [`flag${turn % 7}`]: turn });
    return sessions.increment(id, `n${turn % 7}`);
  };
  for (let index = 0; index < HOUR_OF_WRITES; index += 1_000) {
    await Promise.all(
      Array.from({ length: 1_000 }, (_, step) => write(index + step).catch(() => refused++)),
    );
  }
  const { journaled, journaledBytes } = manager.status();
  const heapBytes = memoryUsage().heapUsed - before;
  isAway = false;
  await manager.flush({ timeoutMs: 60_000 });
  await manager.close();
  return {
    writes: HOUR_OF_WRITES,
    sessions: journaled,
    journaledBytes,
    maxBytes,
    heapBytes,
    refused,
  };
}

/** Freezes a server under one pod, and thaws it. */
export async function outageFigures(server: RunningServer): Promise<OutageFigures> {
  const manager = await SessionManager.open({
    backend: "ioredis",
    url: server.url,
    idSecret: "a secret for the bench",
    maxStalenessMs: 60_000,
    commandTimeoutMs: COMMAND_TIMEOUT_MS,
    cache: { maxSessions: 2 * SESSIONS },
    journal: { maxSessions: 2 * SESSIONS },
  });
  const sessions = manager.tenant("bench");
  const ids = Array.from({ length: SESSIONS }, (_, index) => `user-${index}`);
  const live = Array.from({ length: LIVE_SESSIONS }, (_, index) => `live-${index}`);
  try {
    await inGroups([...ids, ...live], (id) => sessions.getOrCreate(id, { plan: "free" }));
    let slowestMs = 0;
    const timed = async <Result>(call: Promise<Result>): Promise<Result> => {
      const startedAt = performance.now();
      const result = await call;
      slowestMs = Math.max(slowestMs, performance.now() - startedAt);
      return result;
    };
    const healthyReadUs = await medianUs(() => timed(sessions.get(ids[0]!)));
    const liveWork = (lane: number) => sessions.increment(live[lane % LIVE_SESSIONS]!, "n");
    const healthyP99Ms = await p99Ms(liveWork, pause(1_500));

    await server.freeze();
    slowestMs = 0;
    await Promise.all(live.map((id) => timed(sessions.increment(id, "n"))));
    const awayReadUs = await medianUs(() => timed(sessions.get(ids[0]!)));
    const journaledAlone = await rate(1, () => sessions.increment(ids[0]!, "n"));
    const journaledTogether = await rate(64, (lane) => sessions.increment(ids[lane]!, "n"));
    for (let round = 0; round < OPERATIONS / SESSIONS; round++) {
      await inGroups(ids, (id) => timed(sessions.increment(id, "n")));
    }

    const reconciled = Promise.withResolvers<number>();
    manager.on("reconciled", ({ tookMs }) => reconciled.resolve(tookMs));
    const recovering = new Promise<void>((resolve) =>
      void manager.on("recovering", () => resolve())
    );
    await server.resume();
    await recovering;
    const drainingP99Ms = await p99Ms(liveWork, reconciled.promise);
    const reconciledMs = await reconciled.promise;
    await manager.flush({ timeoutMs: 60_000 });
    return {
      healthyReadUs,
      awayReadUs,
      journaledAlone,
      journaledTogether,
      slowestMs,
      reconciledMs,
      healthyP99Ms,
      drainingP99Ms,
    };
  } finally {
    await server.resume();
    await manager.close();
  }
}

async function inGroups(ids: readonly string[], work: (id: string) => Promise<unknown>) {
  for (let index = 0; index < ids.length; index += 1_000) {
    await Promise.all(ids.slice(index, index + 1_000).map(work));
  }
}

/** Median time of one call, measured over groups of them: a clock is too coarse for one. */
async function medianUs(work: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let group = 0; group < 200; group++) {
    const startedAt = performance.now();
    for (let call = 0; call < 100; call++) await work();
    times.push((performance.now() - startedAt) * 10);
  }
  return percentile(times, 0.5);
}

/** 99th percentile of calls made one after the other by each of the live sessions, until `end`. */
async function p99Ms(
  work: (lane: number) => Promise<unknown>,
  end: Promise<unknown>,
): Promise<number> {
  const times: number[] = [];
  let isOver = false;
  end.then(() => isOver = true);
  const worker = async (_: unknown, lane: number) => {
    while (!isOver) {
      const startedAt = performance.now();
      await work(lane);
      times.push(performance.now() - startedAt);
    }
  };
  await Promise.all(Array.from({ length: LIVE_SESSIONS }, worker));
  return percentile(times, 0.99);
}

async function rate(lanes: number, work: (lane: number) => Promise<unknown>): Promise<number> {
  const endsAt = performance.now() + 1_000;
  let calls = 0;
  const worker = async (_: unknown, lane: number) => {
    while (performance.now() < endsAt) {
      for (let call = 0; call < 16; call++) await work(lane);
      calls += 16;
    }
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: lanes }, worker));
  return calls / (performance.now() - startedAt) * 1_000;
}

function percentile(times: readonly number[], share: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length * share)] ?? 0;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
