/**
 * Faults that callers make: calls that meet on one session.
 *
 * @module
 */

import type { CaseFault, CaseOp } from "./case.ts";
import type { CallerKind } from "./fault_kinds.ts";
import type { CallKind } from "./history.ts";

/** Calls of each pod on a hot session. */
const HOT_CALLS = 6;
const HOT_KINDS: readonly CallKind[] = ["increment", "update", "updateContext"];

/** The calls of a caller's fault, in their order, for so many pods. */
export function callsOf(
  fault: CaseFault & { readonly kind: CallerKind },
  pods: number,
): readonly CaseOp[] {
  const { length, phase } = fault;
  const call = (pod: number, kind: CallKind, more: Partial<CaseOp> = {}): CaseOp => ({
    ...{ pod: pod % pods, session: length, kind, fresh: false, variant: 1 },
    ...{ pace: "burst", gapMs: 0, ...more },
  });
  const all = Array.from({ length: pods }, (_, index) => fault.pod + index);
  switch (fault.kind) {
    case "create-race":
      return [
        // What lived there makes room, in some.
        ...(phase === "p2" ? [call(fault.pod, "destroy", { pace: "answer" })] : []),
        ...all.map((pod) => call(pod, "getOrCreate")),
        ...all.map((pod) => call(pod, "increment")),
      ];
    case "destroy-race":
      return [
        call(fault.pod, "getOrCreate", { pace: "answer" }),
        ...all.slice(1).map((pod) => call(pod, "update")),
        call(fault.pod, "destroy"),
        ...all.slice(1).map((pod) => call(pod, "increment")),
        call(fault.pod + 1, "updateContext"),
      ];
    case "hot-session":
      return [
        call(fault.pod, "getOrCreate", { pace: "answer" }),
        ...Array.from(
          { length: HOT_CALLS * pods },
          (_, index) => call(index, HOT_KINDS[index % HOT_KINDS.length]!),
        ),
      ];
    case "oversize":
      return [
        call(fault.pod, "increment"),
        call(fault.pod, "updateContext", { oversize: true }),
        call(fault.pod, "increment"),
      ];
  }
}

/** One pod destroys what another one goes on writing to, while the store is away. */
export function callsInOutage({ pod, length, span }: CaseFault, gapMs: number): readonly CaseOp[] {
  const op = { pod, session: length, fresh: false, variant: 0, pace: "gap", gapMs } as const;
  const write: CaseOp = { ...op, pod: pod + 1, kind: "increment" };
  const destroy: CaseOp = { ...op, kind: "destroy" };
  return span < 0.5 ? [destroy, write, write] : [write, destroy, write];
}

/** Fields that are set: together they are larger than a page, so that a file has to grow for them. */
const FIELDS_OF_A_PAGE = 40;

/** Sets so much that there is no room for it where it has been. */
export function callsOnFullDisk({ pod, length }: CaseFault): readonly CaseOp[] {
  const op = { pod, session: length, fresh: false, variant: 1, gapMs: 0 } as const;
  const set: CaseOp = { ...op, kind: "updateContext", pace: "burst" };
  return [
    { ...op, kind: "getOrCreate", pace: "answer" },
    ...Array.from({ length: FIELDS_OF_A_PAGE }, () => set),
  ];
}

/** What happens around a pod that is cut off: it reads, another one writes and destroys, it writes. */
export function callsAround({ pod, length, span }: CaseFault, pods: number): readonly CaseOp[] {
  const call = (by: number, kind: CallKind): CaseOp => ({
    ...{ pod: by % pods, session: length, kind, fresh: false, variant: 1 },
    ...{ pace: "answer", gapMs: 0 },
  });
  return [
    call(pod + 1, "increment"),
    call(pod, "get"),
    ...(span < 0.5 ? [call(pod + 1, "destroy")] : []),
    call(pod, "increment"),
    call(pod + 1, "get"),
  ];
}

/** A session ends, and is begun anew: the create is on its way when the store's clock jumps. */
export function callsAroundJump({ pod, length }: CaseFault): readonly CaseOp[] {
  const shared = { pod, session: length, fresh: false, variant: 0, gapMs: 0 };
  return [
    { ...shared, kind: "destroy", pace: "answer" },
    { ...shared, kind: "getOrCreate", pace: "burst" },
  ];
}
