import { vectorOf } from "../../chaos/history.ts";
import type { HistoryBuilder } from "./history_builder.ts";
import type { RedCase } from "./outage_histories.ts";

const FRESH = { fresh: true };
const MARK = { kind: "set", deletes: false } as const;
const LIST = { kind: "list" } as const;
const VECTOR = { kind: "vector" } as const;
const COUNT = { kind: "count", field: "c0", by: 1 } as const;
const OTHER_COUNT = { kind: "count", field: "c0", by: 8 } as const;

/** A session, and three calls of `p1` that are answered from memory. */
function journalTouches(history: HistoryBuilder): void {
  history.create();
  for (let write = 0; write < 3; write++) {
    history.degraded(history.begin("p1", "touch"), { kind: "boolean", value: true });
  }
}

/** Histories of a store that is there, each of which a rule must find. */
export const RED: readonly RedCase[] = [
  {
    what: "a session of another tenant is shown",
    rule: "isolation",
    guarantee: "G7",
    write: (history) => {
      history.create();
      history.call("p2", "get", { ...FRESH, session: { tenant: "b", id: "1" } }, {
        incarnation: "Y",
        version: 1,
        context: { b: 1 },
      });
    },
  },
  {
    what: "what was refused has taken effect",
    rule: "phantom",
    guarantee: "G3",
    write: (history) => {
      history.create();
      const op = history.begin("p1", "increment", { effect: COUNT });
      history.end(op, { kind: "unavailable", outcome: "not-applied" });
      history.call("p1", "get", FRESH, { version: 2, context: { b: 1, c0: 1 } });
    },
  },
  {
    what: "an increment whose outcome was unknown counts twice",
    rule: "exactly-once",
    guarantee: "G3",
    write: (history) => {
      history.create();
      const op = history.begin("p1", "increment", { effect: COUNT });
      history.end(op, { kind: "unavailable", outcome: "unknown" });
      history.call("p1", "get", FRESH, { version: 3, context: { b: 1, c0: 2 } });
    },
  },
  {
    what: "a destroyed session is read from the store",
    rule: "no-resurrection",
    guarantee: "G4",
    write: (history) => {
      history.create();
      history.end(history.begin("p2", "destroy"), { kind: "boolean", value: true });
      history.call("p1", "get", FRESH, { version: 1, context: { b: 1 } });
    },
  },
  {
    what: "a destroyed session is served from a cache beyond the bound",
    rule: "no-resurrection",
    guarantee: "G4",
    write: (history) => {
      history.create();
      history.end(history.begin("p2", "destroy"), { kind: "boolean", value: true });
      history.wait(600).call("p1", "get", {}, { version: 1, context: { b: 1 } });
    },
  },
  {
    what: "a pod still answers from memory when the faults have long stopped",
    rule: "recovers-in-time",
    guarantee: "G9",
    settings: { recoveredAtMs: 100 },
    write: (history) => {
      history.create();
      const op = history.wait(200).begin("p1", "touch");
      history.degraded(op, { kind: "boolean", value: true });
    },
  },
  {
    what: "an increment on a destroyed session succeeds",
    rule: "no-write-to-the-dead",
    guarantee: "G4",
    write: (history) => {
      history.create();
      history.end(history.begin("p2", "destroy"), { kind: "boolean", value: true });
      const op = history.begin("p1", "increment", { effect: COUNT });
      history.end(op, { kind: "number", value: 1 });
    },
  },
  {
    what: "one creation made two sessions",
    rule: "one-birth",
    guarantee: "G4",
    write: (history) => {
      history.create();
      history.call("p2", "get", FRESH, { incarnation: "Y", version: 1, context: { b: 1 } });
    },
  },
  {
    what: "a session is read after its time has run out",
    rule: "expired-in-time",
    guarantee: "G6",
    write: (history) => {
      history.create();
      history.wait(10_500).call("p1", "get", {}, { version: 1, context: { b: 1 } });
    },
  },
  {
    what: "renewals pass the absolute expiry",
    rule: "expired-in-time",
    guarantee: "G6",
    settings: { maxLifetimeMs: 12_000 },
    write: (history) => {
      history.create();
      history.wait(9_000).end(history.begin("p1", "touch"), { kind: "boolean", value: true });
      history.wait(4_000).call("p1", "get", FRESH, { version: 1, context: { b: 1 } });
    },
  },
  {
    what: "a session expires before its time",
    rule: "no-end-without-cause",
    guarantee: "G6",
    write: (history) => {
      history.create();
      history.wait(5_000).end(history.begin("p2", "get", FRESH), { kind: "absent" });
    },
  },
  {
    what: "a session is lost with the pod that created it",
    rule: "no-end-without-cause",
    guarantee: "G1",
    write: (history) => {
      history.create();
      history.kill("p1");
      history.end(history.begin("p2", "get", FRESH), { kind: "absent" });
    },
  },
  {
    what: "an acknowledged write is lost with its pod",
    rule: "acknowledged-writes",
    guarantee: "G1",
    write: (history) => {
      history.create();
      history.end(history.begin("p1", "increment", { effect: COUNT }), {
        kind: "number",
        value: 1,
      });
      history.kill("p1");
      history.call("p2", "get", FRESH, { version: 1, context: { b: 1 } });
    },
  },
  {
    what: "an acknowledged write is lost",
    rule: "acknowledged-writes",
    guarantee: "G2",
    write: (history) => {
      history.create();
      history.end(history.begin("p1", "increment", { effect: COUNT }), {
        kind: "number",
        value: 1,
      });
      history.call("p2", "get", FRESH, { version: 1, context: { b: 1 } });
    },
  },
  {
    what: "a pod does not read its own write",
    rule: "acknowledged-writes",
    guarantee: "G5",
    write: (history) => {
      history.create();
      history.end(history.begin("p1", "increment", { effect: COUNT }), {
        kind: "number",
        value: 1,
      });
      history.call("p1", "get", {}, { version: 1, context: { b: 1 } });
    },
  },
  {
    what: "a cached read is older than the bound",
    rule: "staleness",
    guarantee: "G5",
    write: (history) => {
      history.create();
      history.call("p2", "get", FRESH, { version: 2, context: { b: 1 } });
      history.wait(600).call("p1", "get", {}, { version: 1, context: { b: 1 } });
    },
  },
  {
    what: "the versions that a pod sees go back",
    rule: "staleness",
    guarantee: "G5",
    write: (history) => {
      history.create();
      history.call("p2", "get", {}, { version: 3, context: { b: 1 } });
      history.call("p2", "get", {}, { version: 2, context: { b: 1 } });
    },
  },
  {
    what: "one version has two states",
    rule: "version-order",
    guarantee: "G2",
    write: (history) => {
      history.create();
      const first = history.begin("p1", "updateContext", { effect: MARK });
      const second = history.begin("p2", "updateContext", { effect: MARK });
      history.shows(first, { version: 2, context: { b: 1, s: first, [`m${first}`]: 1 } });
      history.shows(second, { version: 2, context: { b: 1, s: second, [`m${second}`]: 1 } });
    },
  },
  {
    what: "an overwritten value comes back",
    rule: "version-order",
    guarantee: "G3",
    write: (history) => {
      history.create();
      const first = history.begin("p1", "updateContext", { effect: MARK });
      const second = history.begin("p2", "updateContext", { effect: MARK });
      const marks = { [`m${first}`]: 1 };
      history.shows(first, { version: 2, context: { b: 1, s: first, ...marks } });
      const both = { ...marks, [`m${second}`]: 1 };
      history.shows(second, { version: 3, context: { b: 1, s: second, ...both } });
      history.call("p1", "get", FRESH, { version: 4, context: { b: 1, s: first, ...both } });
    },
  },
  {
    what: "the trajectory loses a vector that nothing pushed out",
    rule: "version-order",
    guarantee: "G2",
    write: (history) => {
      history.create();
      const op = history.begin("p1", "appendTrajectory", { effect: VECTOR });
      history.call("p2", "get", FRESH, {
        version: 2,
        context: { b: 1 },
        trajectory: [vectorOf(op)],
      });
      history.call("p2", "get", FRESH, { version: 3, context: { b: 1 } });
    },
  },
  {
    what: "a part of a call is there without the rest",
    rule: "atomic",
    guarantee: "G2",
    write: (history) => {
      history.create();
      const op = history.begin("p1", "updateContext", { effect: MARK });
      history.call("p2", "get", FRESH, { version: 2, context: { b: 1, s: op } });
    },
  },
  {
    what: "a set that came later is overwritten by an earlier one",
    rule: "real-time-order",
    guarantee: "G2",
    write: (history) => {
      history.create();
      const first = history.begin("p1", "updateContext", { effect: MARK });
      history.shows(first, { version: 2, context: { b: 1, s: first, [`m${first}`]: 1 } });
      const second = history.begin("p2", "updateContext", { effect: MARK });
      const marks = { [`m${first}`]: 1, [`m${second}`]: 1 };
      history.shows(second, { version: 3, context: { b: 1, s: first, ...marks } });
    },
  },
  {
    what: "updates stand in the list in the wrong order",
    rule: "real-time-order",
    guarantee: "G2",
    write: (history) => {
      history.create();
      const first = history.begin("p1", "update", { effect: LIST });
      history.shows(first, { version: 2, context: { b: 1, u: [first] } });
      const second = history.begin("p2", "update", { effect: LIST });
      history.shows(second, { version: 3, context: { b: 1, u: [second, first] } });
    },
  },
  {
    what: "a write answers with a state that lacks it",
    rule: "own-result",
    guarantee: "G2",
    write: (history) => {
      history.create();
      history.call("p1", "update", { effect: LIST }, { version: 2, context: { b: 1 } });
    },
  },
  {
    what: "an increment answers with a number that lacks it",
    rule: "increment-answers",
    guarantee: "G2",
    write: (history) => {
      history.create();
      const op = history.begin("p1", "increment", { effect: OTHER_COUNT });
      history.end(op, { kind: "number", value: 0 });
    },
  },
  {
    what: "a rotation loses a part of the state",
    rule: "rotation-keeps-state",
    guarantee: "G2",
    write: (history) => {
      history.create();
      const op = history.begin("p1", "update", { effect: LIST });
      history.shows(op, { version: 2, context: { b: 1, u: [op] } });
      const to = { tenant: "a", id: "2" };
      history.call("p1", "rotate", { to }, { incarnation: "Y", version: 3, context: { b: 1 } });
    },
  },
  {
    what: "a call fails although all faults are healed",
    rule: "recovery",
    guarantee: "G1",
    write: (history) => {
      const op = history.begin("p1", "get", FRESH, true);
      history.end(op, { kind: "unavailable", outcome: "not-applied" });
    },
  },
  {
    what: "a call takes longer than it may",
    rule: "documented-ends",
    guarantee: "G8",
    write: (history) => {
      const op = history.begin("p1", "get", FRESH);
      history.wait(2_500).end(op, { kind: "absent" });
    },
  },
  {
    what: "an update takes longer than the writes that it met make it begin anew",
    rule: "documented-ends",
    guarantee: "G8",
    write: (history) => {
      history.create();
      const op = history.begin("p1", "update", { effect: LIST });
      const count = history.begin("p2", "increment", { effect: COUNT });
      history.end(count, { kind: "number", value: 1 });
      history.wait(2_500).shows(op, { version: 3, context: { b: 1, c0: 1, u: [op] } });
    },
  },
  {
    what: "a call takes longer than what its pod had told to be in the store",
    rule: "documented-ends",
    guarantee: "G8",
    write: (history) => {
      journalTouches(history);
      history.told("p1", { name: "reconciled", operations: 3 });
      const op = history.begin("p1", "touch");
      history.wait(2_900).end(op, { kind: "boolean", value: true });
    },
  },
  {
    what: "a call that is answered from memory waits for the journal",
    rule: "documented-ends",
    guarantee: "G8",
    write: (history) => {
      journalTouches(history);
      const op = history.begin("p1", "touch");
      history.wait(2_900).degraded(op, { kind: "boolean", value: true });
    },
  },
  {
    what: "a value that is too large is taken",
    rule: "documented-ends",
    guarantee: "G10",
    write: (history) => {
      history.create();
      const op = history.begin("p1", "updateContext", { effect: MARK, oversize: true });
      history.shows(op, { version: 2, context: { b: 1, s: op, [`m${op}`]: 1 } });
    },
  },
  {
    what: "a call rejects with an error that nobody documents",
    rule: "documented-ends",
    guarantee: "G10",
    write: (history) => {
      const op = history.begin("p1", "get", FRESH);
      history.end(op, { kind: "error", name: "TypeError", message: "x is undefined" });
    },
  },
];
