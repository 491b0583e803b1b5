import type { HistorySettings } from "../../chaos/history.ts";
import type { HistoryBuilder } from "./history_builder.ts";

/** A history in which the named rule finds a break of the guarantee. */
export interface RedCase {
  readonly what: string;
  readonly rule: string;
  readonly guarantee: string;
  readonly settings?: Partial<HistorySettings>;
  readonly write: (history: HistoryBuilder) => void;
}

const FRESH = { fresh: true };
const COUNT = { kind: "count", field: "c0", by: 1 } as const;
const SESSION = { tenant: "a", id: "1" };

/** An increment that a pod accepts while the store is away. */
export function accept(history: HistoryBuilder, pod = "p1"): number {
  const op = history.begin(pod, "increment", { effect: COUNT });
  history.degraded(op, { kind: "number", value: 1 });
  return op;
}

export const OUTAGES: readonly RedCase[] = [
  {
    what: "a write that was accepted while the store was away is lost",
    rule: "journaled-writes",
    guarantee: "G9",
    write: (history) => {
      history.create();
      accept(history);
      history.call("p1", "get", FRESH, { version: 1, context: { b: 1 } });
    },
  },
  {
    what: "one write is reported where two are lost",
    rule: "journaled-writes",
    guarantee: "G10",
    write: (history) => {
      history.create();
      accept(history);
      const effect = { kind: "count", field: "c0", by: 8 } as const;
      const op = history.begin("p1", "increment", { effect });
      history.degraded(op, { kind: "number", value: 9 });
      history.told("p1", { name: "rejected", session: SESSION, operations: 1, reason: "unknown" });
      history.call("p1", "get", FRESH, { version: 1, context: { b: 1 } });
    },
  },
  {
    what: "a session that was begun while the store was away never comes into it",
    rule: "journaled-writes",
    guarantee: "G9",
    write: (history) => {
      const op = history.begin("p1", "getOrCreate", { effect: { kind: "birth" } });
      history.showsHeld(op, { version: 0, context: { b: op }, pending: 1 });
      history.end(history.begin("p1", "get", FRESH), { kind: "absent" });
    },
  },
  {
    what: "what is reported as lost is there",
    rule: "honest-reports",
    guarantee: "G10",
    write: (history) => {
      history.create();
      accept(history, "p2");
      history.told("p2", { name: "rejected", session: SESSION, operations: 1, reason: "unknown" });
      history.call("p1", "get", FRESH, { version: 2, context: { b: 1, c0: 1 } });
    },
  },
  {
    what: "what a pod destroyed while the store was away is there again",
    rule: "destroys-kept",
    guarantee: "G9",
    write: (history) => {
      history.create();
      history.degraded(history.begin("p1", "destroy"), { kind: "boolean", value: true });
      history.call("p1", "get", FRESH, { version: 1, context: { b: 1 } });
    },
  },
  {
    what: "a pod forgets what it accepted while the store is away",
    rule: "own-degraded-writes",
    guarantee: "G8",
    write: (history) => {
      history.create();
      accept(history);
      history.showsHeld(history.begin("p1", "get"), { version: 1, context: { b: 1 }, pending: 1 });
    },
  },
  {
    what: "what has expired is served while the store is away",
    rule: "expired-while-degraded",
    guarantee: "G6",
    write: (history) => {
      history.create();
      history.wait(10_500);
      history.showsHeld(history.begin("p1", "get"), { version: 1, context: { b: 1 } });
    },
  },
  {
    what: "a snapshot hides that the store lacks part of it",
    rule: "pending-told",
    guarantee: "G8",
    write: (history) => {
      history.create();
      const effect = { kind: "set", deletes: false } as const;
      const op = history.begin("p1", "updateContext", { effect }, false, true);
      history.showsHeld(op, { version: 1, context: { b: 1, s: op, [`m${op}`]: 1 } });
    },
  },
  {
    what: "a write to nobody's session lands in one that is created later",
    rule: "meant-for-another",
    guarantee: "G9",
    write: (history) => {
      accept(history, "p2");
      const op = history.wait(1).create();
      history.call("p1", "get", FRESH, { version: 2, context: { b: op, c0: 1 } });
    },
  },
  {
    what: "a call fails because the store is away",
    rule: "fail-open",
    guarantee: "G8",
    settings: { failMode: "open" },
    write: (history) => {
      const op = history.begin("p1", "increment", { effect: COUNT });
      history.degraded(op, { kind: "unavailable", outcome: "not-applied" });
    },
  },
  {
    what: "a call waits for a store that its pod knows to be away",
    rule: "no-waiting",
    guarantee: "G8",
    write: (history) => {
      history.told("p1", { name: "degraded" });
      const op = history.wait(2_000).begin("p1", "get", {}, false, true);
      history.wait(500).degraded(op, { kind: "absent" });
    },
  },
  {
    what: "each call of an outage waits for the store",
    rule: "no-waiting",
    guarantee: "G8",
    write: (history) => {
      history.fault("store-outage", "store", 9_000);
      for (let call = 0; call < 2; call++) {
        const op = history.begin("p1", "get");
        history.wait(1_000).degraded(op, { kind: "absent" });
      }
    },
  },
  {
    what: "a flush leaves something behind",
    rule: "drained",
    guarantee: "G9",
    write: (history) => {
      history.flush("p1", { outcome: "kept", journaled: 1, hadSettled: false });
    },
  },
];
