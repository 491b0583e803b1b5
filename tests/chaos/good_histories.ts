import { type HistorySettings, vectorOf } from "../../chaos/history.ts";
import type { HistoryBuilder } from "./history_builder.ts";
import { accept } from "./outage_histories.ts";

/** A history that the named rule lets pass, and that differs little from one that breaks it. */
export interface Neighbour {
  readonly settings?: Partial<HistorySettings>;
  readonly write: (history: HistoryBuilder) => void;
}

const FRESH = { fresh: true };
const COUNT = { kind: "count", field: "c0", by: 1 } as const;
const MARK = { kind: "set", deletes: false } as const;
const LIST = { kind: "list" } as const;
const SESSION = { tenant: "a", id: "1" };

function increment(history: HistoryBuilder, pod = "p1"): void {
  history.end(history.begin(pod, "increment", { effect: COUNT }), { kind: "number", value: 1 });
}

function absent(history: HistoryBuilder, pod: string): void {
  history.end(history.begin(pod, "get", FRESH), { kind: "absent" });
}

function destroy(history: HistoryBuilder): void {
  history.end(history.begin("p2", "destroy"), { kind: "boolean", value: true });
}

/** By the rule. */
export const NEIGHBOURS: Readonly<Record<string, Neighbour>> = {
  "isolation": {
    write(history) {
      history.create();
      const session = { tenant: "b", id: "1" };
      const op = history.begin("p2", "getOrCreate", { session, effect: { kind: "birth" } });
      history.shows(op, { incarnation: "Y", version: 1, context: { b: op } });
    },
  },
  "phantom": {
    write(history) {
      history.create();
      const op = history.begin("p1", "increment", { effect: COUNT });
      history.end(op, { kind: "unavailable", outcome: "not-applied" });
      history.call("p1", "get", FRESH, { version: 1, context: { b: 1 } });
    },
  },
  "exactly-once": {
    write(history) {
      history.create();
      const op = history.begin("p1", "increment", { effect: COUNT });
      history.end(op, { kind: "unavailable", outcome: "unknown" });
      history.call("p1", "get", FRESH, { version: 2, context: { b: 1, c0: 1 } });
    },
  },
  "no-resurrection": {
    write(history) {
      history.create();
      destroy(history);
      absent(history, "p1");
    },
  },
  "no-write-to-the-dead": {
    write(history) {
      history.create();
      destroy(history);
      const op = history.begin("p1", "increment", { effect: COUNT });
      history.end(op, { kind: "not-found", reason: "destroyed" });
    },
  },
  "one-birth": {
    write(history) {
      history.create();
      const to = { tenant: "a", id: "2" };
      history.call("p2", "rotate", { to }, { incarnation: "Y", version: 2, context: { b: 1 } });
    },
  },
  "expired-in-time": {
    write(history) {
      history.create();
      history.wait(9_900).call("p1", "get", FRESH, { version: 1, context: { b: 1 } });
    },
  },
  "no-end-without-cause": {
    write(history) {
      history.create();
      absent(history.wait(10_500), "p2");
    },
  },
  "acknowledged-writes": {
    write(history) {
      history.create();
      increment(history);
      history.kill("p1");
      history.call("p2", "get", FRESH, { version: 2, context: { b: 1, c0: 1 } });
    },
  },
  "staleness": {
    write(history) {
      history.create();
      history.call("p2", "get", FRESH, { version: 2, context: { b: 1 } });
      history.wait(300).call("p1", "get", {}, { version: 1, context: { b: 1 } });
    },
  },
  "version-order": {
    write(history) {
      history.create();
      const [one, other] = [2, 3];
      for (const pod of ["p1", "p2"]) history.begin(pod, "updateContext", { effect: MARK });
      history.shows(one, { version: 2, context: { b: 1, s: one, m2: 1 } });
      history.shows(other, { version: 3, context: { b: 1, s: other, m2: 1, m3: 1 } });
    },
  },
  "atomic": {
    write(history) {
      history.create();
      const op = history.begin("p1", "updateContext", { effect: MARK });
      history.call("p2", "get", FRESH, { version: 2, context: { b: 1, s: op, [`m${op}`]: 1 } });
    },
  },
  "real-time-order": {
    write(history) {
      history.create();
      const one = history.begin("p1", "update", { effect: LIST });
      history.shows(one, { version: 2, context: { b: 1, u: [one] } });
      const other = history.begin("p2", "update", { effect: LIST });
      history.shows(other, { version: 3, context: { b: 1, u: [one, other] } });
    },
  },
  "own-result": {
    write(history) {
      history.create();
      const op = history.begin("p1", "appendTrajectory", { effect: { kind: "vector" } });
      history.shows(op, { version: 2, context: { b: 1 }, trajectory: [vectorOf(op)] });
    },
  },
  "increment-answers": {
    write(history) {
      history.create();
      increment(history);
    },
  },
  "rotation-keeps-state": {
    write(history) {
      history.create();
      const op = history.begin("p1", "update", { effect: LIST });
      history.shows(op, { version: 2, context: { b: 1, u: [op] } });
      const context = { b: 1, u: [op] };
      const to = { tenant: "a", id: "2" };
      history.call("p1", "rotate", { to }, { incarnation: "Y", version: 3, context });
    },
  },
  "journaled-writes": {
    write(history) {
      history.create();
      accept(history);
      history.told("p1", { name: "rejected", session: SESSION, operations: 1, reason: "unknown" });
      history.call("p1", "get", FRESH, { version: 1, context: { b: 1 } });
    },
  },
  "honest-reports": {
    write(history) {
      history.create();
      accept(history, "p2");
      history.told("p2", { name: "rejected", session: SESSION, operations: 1, reason: "unknown" });
      history.call("p1", "get", FRESH, { version: 1, context: { b: 1 } });
    },
  },
  "destroys-kept": {
    write(history) {
      history.create();
      history.degraded(history.begin("p1", "destroy"), { kind: "boolean", value: true });
      // Another pod need not know before it is in the store.
      history.call("p2", "get", FRESH, { version: 1, context: { b: 1 } });
    },
  },
  "own-degraded-writes": {
    write(history) {
      history.create();
      accept(history);
      const held = { version: 1, context: { b: 1, c0: 1 }, pending: 1 };
      history.showsHeld(history.begin("p1", "get"), held);
      // A session that is begun anew is shown before it is written down, and its call answered.
      const count = history.begin("p2", "increment", { effect: { ...COUNT, by: 8 } });
      history.degraded(count, { kind: "number", value: 8 });
      const [begun, behind] = [1, 2].map(() =>
        history.begin("p2", "getOrCreate", { effect: { kind: "birth" } })
      ) as [number, number];
      const anew = { version: 0, context: { b: begun }, pending: 1 };
      history.showsHeld(behind, anew).showsHeld(begun, anew);
    },
  },
  "expired-while-degraded": {
    write(history) {
      history.create();
      history.wait(9_900);
      history.showsHeld(history.begin("p1", "get"), { version: 1, context: { b: 1 } });
    },
  },
  "pending-told": {
    write(history) {
      history.create();
      const op = history.begin("p1", "updateContext", { effect: MARK }, false, true);
      const context = { b: 1, s: op, [`m${op}`]: 1 };
      history.showsHeld(op, { version: 1, context, pending: 2 });
    },
  },
  "meant-for-another": {
    write(history) {
      const op = history.create();
      accept(history, "p2");
      history.call("p1", "get", FRESH, { version: 2, context: { b: op, c0: 1 } });
    },
  },
  "fail-open": {
    settings: { failMode: "closed" },
    write(history) {
      const op = history.begin("p1", "increment", { effect: COUNT });
      history.end(op, { kind: "unavailable", outcome: "not-applied" });
    },
  },
  "no-waiting": {
    write(history) {
      history.told("p1", { name: "degraded" });
      const op = history.wait(2_000).begin("p1", "get", {}, false, true);
      history.degraded(op, { kind: "absent" });
    },
  },
  "drained": {
    write: (history) => history.flush("p1", { outcome: "kept", journaled: 0, hadSettled: true }),
  },
  "recovers-in-time": {
    settings: { recoveredAtMs: 100 },
    write(history) {
      history.create();
      const early = history.begin("p1", "touch");
      history.degraded(early, { kind: "boolean", value: true });
      const late = history.wait(200).begin("p1", "touch");
      history.end(late, { kind: "boolean", value: true });
    },
  },
  "recovery": {
    write: (history) => history.end(history.begin("p1", "get", FRESH, true), { kind: "absent" }),
  },
  "documented-ends": {
    write(history) {
      const op = history.begin("p1", "get", FRESH);
      history.wait(1_900).end(op, { kind: "absent" });
      history.create();
      // Begun anew for each of two writes, and a call behind it has waited as long.
      const update = history.begin("p1", "update", { effect: LIST });
      const behind = history.begin("p1", "get", FRESH);
      for (const [by, value] of [[1, 1], [8, 9]] as const) {
        const count = history.wait(900).begin("p2", "increment", { effect: { ...COUNT, by } });
        history.end(count, { kind: "number", value });
      }
      const state = { version: 4, context: { b: 2, c0: 9, u: [update] } };
      history.wait(900).shows(update, state).shows(behind, state);
      // Two writes of the journal are brought into the store first.
      for (let write = 0; write < 2; write++) {
        history.degraded(history.begin("p1", "touch"), { kind: "boolean", value: true });
      }
      const last = history.begin("p1", "touch");
      history.wait(2_900).end(last, { kind: "boolean", value: true });
    },
  },
};
