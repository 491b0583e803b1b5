/**
 * Calls around a fault that show what it may break: what has to meet for that seldom meets by chance.
 *
 * @module
 */

import type { CaseFault, CaseOp, CaseSettings } from "./case.ts";
import { faultSpans } from "./fault_plan.ts";
import type { CallKind } from "./history.ts";

/** Calls and faults, as a case has them. */
export interface Script {
  readonly ops: readonly CaseOp[];
  readonly faults: readonly CaseFault[];
}

/** How long after a store has died calls go on, in milliseconds: those that come too early wait for it. */
const FOUND_MS = 25;

interface Scene {
  readonly before: readonly CaseOp[];
  readonly after: readonly CaseOp[];
}

/** The same calls and faults, with those calls around each fault that has any. */
export function staged(script: Script, settings: CaseSettings): Script {
  return script.faults.reduce((staged, fault, index) => {
    const scene = sceneOf(fault, settings);
    return scene === undefined ? staged : withScene(staged, index, scene);
  }, script);
}

/** A fault that is due after the last call would never take place: with a scene it does, right after that one. */
function withScene({ ops, faults }: Script, index: number, { before, after }: Scene): Script {
  const place = Math.min(faults[index]!.at - 1, ops.length);
  const at = place + before.length + 1;
  return {
    ops: [...ops.slice(0, place), ...before, ...after, ...ops.slice(place)],
    faults: faults.with(index, { ...faults[index]!, at }),
  };
}

function sceneOf(fault: CaseFault, settings: CaseSettings): Scene | undefined {
  const { pod, length: session } = fault;
  const call = (by: number, kind: CallKind, more: Partial<CaseOp> = {}): CaseOp => ({
    ...{ pod: by, session, kind, fresh: true, variant: 1, pace: "answer", gapMs: 0, ...more },
  });
  switch (fault.kind) {
    // One pod has what is lost, and another one writes before it is given back.
    case "store-rollback": {
      const { snapshotMs, outageMs } = faultSpans(settings);
      const gapMs = snapshotMs(fault) + outageMs(fault);
      return {
        before: [call(pod, "getOrCreate")],
        after: [
          call(pod, "increment"),
          call(pod, "increment"),
          call(pod, "increment", { pace: "gap", gapMs }),
          call(pod + 1, "increment"),
          call(pod, "get"),
        ],
      };
    }
    // One pod holds what is lost, another one writes in its place, and the first goes on from what it holds.
    case "failover": {
      const gapMs = faultSpans(settings).snapshotMs(fault) + FOUND_MS;
      return {
        before: [call(pod + 1, "getOrCreate")],
        after: [
          call(pod + 1, "increment"),
          call(pod + 2, "get", { pace: "gap", gapMs }),
          call(pod, "increment"),
          call(pod + 2, "updateContext"),
          call(pod + 2, "get", { fresh: false }),
        ],
      };
    }
    // Somebody asks the store for what is there no more, if its time has passed.
    case "ttl-expiry":
      return {
        before: [call(pod, "getOrCreate"), call(pod, "increment")],
        after: [call(pod + 1, "get"), call(pod, "get")],
      };
    // It ends with something to do, and whatever became of that is there for the next one.
    case "pod-drain":
      return {
        before: [
          call(pod, "getOrCreate"),
          call(pod, "increment"),
          call(pod, "increment", { pace: "burst" }),
        ],
        after: [call(pod, "get")],
      };
    default:
      return undefined;
  }
}
