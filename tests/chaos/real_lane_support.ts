/** Runs single cases on a real lane. */

import { type CaseOp, type ChaosCase, REAL_SETTINGS } from "../../chaos/mod.ts";
import type { History, Result } from "../../chaos/history.ts";
import { POD_ACL } from "../../chaos/real/pod_login.ts";
import { PodProcesses } from "../../chaos/real/pod_processes.ts";
import { RealLane } from "../../chaos/real/real_lane.ts";
import { openRealStore } from "../../chaos/real/real_store.ts";
import type { PodBackend, TargetStore } from "../../chaos/real/target.ts";
import type { CaseFault } from "../../chaos/case.ts";
import { startServer } from "../../scripts/servers/server.ts";
import { serverBinary } from "../support/servers.ts";

/** A session is created, and then counted in every so often. */
export function countingCase(
  faults: readonly (Pick<CaseFault, "kind" | "at"> & Partial<CaseFault>)[],
  { pods = 1, calls = 16, gapMs = 120 } = {},
): ChaosCase {
  const plain = { session: 0, fresh: false, variant: 0, pace: "gap", gapMs } as const;
  const counts = Array.from(
    { length: calls },
    (_, index): CaseOp => ({ ...plain, pod: index % pods, kind: "increment" }),
  );
  return {
    ...{ seed: 1, pods, sessions: 1, settings: REAL_SETTINGS },
    ops: [{ ...plain, pod: 0, kind: "getOrCreate", pace: "answer" }, ...counts],
    faults: faults.map((fault) => ({ pod: 0, phase: "p0", length: 1, span: 0, ...fault })),
  };
}

/**
 * A lane with its pods' processes; both are gone when it is disposed of. `armed` are options of processes that can die
 * inside of core; `opened` runs once a pod is open, before its lane knows.
 */
export async function openLane(
  backend: PodBackend,
  { armed, opened }: { readonly armed?: readonly string[]; readonly opened?: () => unknown } = {},
): Promise<RealLane & AsyncDisposable> {
  const processes = new PodProcesses(armed);
  const take = processes.take.bind(processes);
  processes.take = async (...options) => {
    const pod = await take(...options);
    const open = pod.open.bind(pod);
    pod.open = async (settings) => {
      const server = await open(settings);
      await opened?.();
      return server;
    };
    return pod;
  };
  const store = await storeOf(backend);
  const lane = await RealLane.open({
    ...{ adapter: { kind: "built-in", backend }, processes, name: "test" },
    settings: REAL_SETTINGS,
    openStore: (folder) => openRealStore(store, folder),
  });
  return Object.assign(lane, {
    async [Symbol.asyncDispose]() {
      await lane.stop();
      await processes.stop();
    },
  });
}

async function storeOf(backend: PodBackend): Promise<Exclude<TargetStore, { kind: "memory" }>> {
  if (backend === "sqlite") return { kind: "sqlite" };
  const binary = await serverBinary("redis");
  return {
    kind: "redis",
    start: () => startServer(binary, { persistence: "aof-unsynced", acl: POD_ACL }),
  };
}

/** What calls were answered, in the order of the answers. */
export function answersIn({ events }: History): Result[] {
  return events.flatMap((event) => event.type === "return" ? [event.result] : []);
}

/** The codes with which calls were refused. */
export function refusalsIn(history: History): Set<string | undefined> {
  return new Set(
    answersIn(history).flatMap((answer) => answer.kind === "refused" ? [answer.code] : []),
  );
}
