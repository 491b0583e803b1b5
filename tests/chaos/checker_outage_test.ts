import { assertEquals } from "@std/assert";
import { checkHistory } from "../../chaos/checker.ts";
import { keyOf } from "../../chaos/model.ts";
import { HistoryBuilder } from "./history_builder.ts";
import { accept } from "./outage_histories.ts";

const FRESH = { fresh: true };
const SESSION = { tenant: "a", id: "1" };
const MARK = { kind: "set", deletes: false } as const;
const RENUMBERED = ["staleness", "version-order"];
const ENDED = { outcome: "kept", journaled: 0, hadSettled: true, isEnd: true } as const;

Deno.test("what an outage allows passes: late effects, views that are behind, a report", () => {
  const history = new HistoryBuilder({ failMode: "open" });
  history.create();
  accept(history, "p2");
  // Another pod, or the store itself, may not have it for as long as it waits.
  history.showsHeld(history.begin("p1", "get"), { version: 1, context: { b: 1 } });
  history.call("p1", "get", FRESH, { version: 1, context: { b: 1 } });
  history.call("p1", "get", FRESH, { version: 2, context: { b: 1, c0: 1 } });
  history.flush("p2", { outcome: "kept", journaled: 0, hadSettled: true });
  history.end(history.begin("p1", "destroy"), { kind: "boolean", value: true });
  const late = history.begin("p2", "increment", {
    effect: { kind: "count", field: "c0", by: 8 },
  });
  history.degraded(late, { kind: "number", value: 9 });
  history.told("p2", { name: "rejected", session: SESSION, operations: 1, reason: "destroyed" });
  history.end(history.begin("p2", "get", FRESH), { kind: "absent" });
  assertEquals(checkHistory(history.build()), { verdict: "holds" });
});

Deno.test("a pod's journal dies with it, unless it outlives pods", () => {
  for (const durable of [false, true]) {
    const history = new HistoryBuilder({ durable });
    history.create();
    accept(history, "p2");
    history.kill("p2");
    history.call("p2.2", "get", FRESH, { version: 1, context: { b: 1 } });
    const { verdict } = checkHistory(history.build());
    assertEquals(verdict, durable ? "violated" : "holds");
  }
});

Deno.test("after a loss of memory only what a living pod held must be there", () => {
  for (const [holder, expected] of [["p1", "violated"], ["p2", "holds"]] as const) {
    const history = new HistoryBuilder();
    const birth = history.begin(holder, "getOrCreate", { effect: { kind: "birth" } });
    history.shows(birth, { version: 1, context: { b: birth }, expiresInMs: 9_999 });
    history.fault("store-empty", "store", 100);
    history.wait(100).kill("p2");
    history.end(history.begin("p1", "get", FRESH, true), { kind: "absent" });
    assertEquals(checkHistory(history.build()).verdict, expected, holder);
  }
});

Deno.test("a record that was evicted may be gone from then on, and only that one", () => {
  const evict = (history: HistoryBuilder, id: string) =>
    history.fault("eviction", "store", 0, keyOf({ tenant: "a", id }));
  const look = (history: HistoryBuilder) =>
    history.end(history.begin("p2", "get", FRESH), { kind: "absent" });
  for (const [id, expected] of [["1", "holds"], ["2", "violated"]] as const) {
    const history = new HistoryBuilder();
    history.create();
    evict(history, id);
    look(history);
    assertEquals(checkHistory(history.build()).verdict, expected, id);
  }
  const early = new HistoryBuilder();
  evict(early, "1").create();
  look(early);
  assertEquals(checkHistory(early.build()).verdict, "violated");
  const late = new HistoryBuilder();
  late.create();
  evict(look(late), "1");
  assertEquals(checkHistory(late.build()).verdict, "violated");
});

Deno.test("versions begin anew after an eviction only while the session's create goes on", () => {
  for (const [isAnswered, expected] of [[false, []], [true, RENUMBERED]] as const) {
    const history = new HistoryBuilder();
    const birth = history.begin("p1", "getOrCreate", { effect: { kind: "birth" } });
    const answer = () => history.shows(birth, { version: 1, context: { b: birth } });
    if (isAnswered) answer();
    const update = () => {
      const op = history.begin("p2", "updateContext", { effect: MARK });
      history.shows(op, { version: 2, context: { b: birth, s: op, [`m${op}`]: 1 } });
    };
    update();
    history.fault("eviction", "store", 0, keyOf(SESSION));
    if (!isAnswered) answer();
    history.call("p3", "get", FRESH, { version: 1, context: { b: birth } });
    update();
    const verdict = checkHistory(history.build());
    const rules = verdict.verdict === "violated" ? verdict.violations.map(({ rule }) => rule) : [];
    assertEquals(rules, expected, `answered: ${isAnswered}`);
  }
});

Deno.test("after a loss of memory nobody may say that a session vanished from a store that kept it", () => {
  for (const [name, expected] of [["lost", "holds"], ["vanished", "violated"]] as const) {
    const history = new HistoryBuilder();
    const birth = history.begin("p1", "getOrCreate", { effect: { kind: "birth" } });
    history.shows(birth, { version: 1, context: { b: birth }, expiresInMs: 9_999 });
    history.fault("store-empty", "store", 100);
    history.wait(100).told("p1", { name, session: SESSION });
    history.end(history.begin("p1", "get", FRESH, true), { kind: "absent" });
    assertEquals(checkHistory(history.build()).verdict, expected, name);
  }
});

Deno.test("what was destroyed may be revived by a loss of memory only if its destroyer died", () => {
  for (const [destroyer, expected] of [["p1", "violated"], ["p2", "holds"]] as const) {
    const history = new HistoryBuilder();
    history.create();
    history.end(history.begin(destroyer, "destroy"), { kind: "boolean", value: true });
    history.wait(1).fault("store-rollback", "store", 100);
    history.wait(100).kill("p2");
    const op = history.begin("p1", "get", FRESH, true);
    history.shows(op, { version: 1, context: { b: 1 } });
    assertEquals(checkHistory(history.build()).verdict, expected, destroyer);
  }
});

Deno.test("what a write had done may be shown before it is lost, though its next try finds no session", () => {
  for (const [lastsMs, expected] of [[100, "holds"], [10, "violated"]] as const) {
    const history = new HistoryBuilder();
    history.create("p2");
    history.fault("failover", "store", lastsMs);
    const effect = { kind: "count", field: "c0", by: 1 } as const;
    const write = history.wait(50).begin("p1", "increment", { effect });
    history.call("p2", "get", FRESH, { version: 2, context: { b: 1, c0: 1 } });
    history.end(history.wait(60).begin("p2", "destroy"), { kind: "boolean", value: true });
    history.end(write, { kind: "not-found", reason: "destroyed" });
    assertEquals(checkHistory(history.build()).verdict, expected, `until ${lastsMs} ms`);
  }
});

Deno.test("a destroy may take its own tombstone for a session only where the record was evicted", () => {
  for (const [isEvicted, expected] of [[true, "holds"], [false, "violated"]] as const) {
    const history = new HistoryBuilder();
    history.create("p1");
    if (isEvicted) history.fault("eviction", "store", 0, keyOf(SESSION));
    history.end(history.begin("p2", "destroy"), { kind: "boolean", value: !isEvicted });
    history.end(history.begin("p1", "destroy"), { kind: "boolean", value: true });
    assertEquals(checkHistory(history.build()).verdict, expected, `evicted: ${isEvicted}`);
  }
});

Deno.test("what a pod wrote to a session that a loss had brought back may be gone with it, and nothing else", () => {
  for (
    const [when, expected] of [["before", "holds"], ["after", "violated"], ["never", "violated"]]
  ) {
    const history = new HistoryBuilder({ failMode: "open" });
    history.create("p2");
    const destroy = () =>
      history.end(history.begin("p2", "destroy"), { kind: "boolean", value: true });
    if (when === "before") destroy();
    history.wait(1).fault("failover", "store", 10);
    const count = history.wait(11).begin("p1", "increment", {
      effect: { kind: "count", field: "c0", by: 1 },
    });
    history.end(count, { kind: "number", value: 1 });
    const op = history.create("p2", "Y");
    history.showsHeld(history.begin("p1", "get"), {
      incarnation: "Y",
      version: 1,
      context: { b: op },
    });
    if (when === "after") destroy();
    assertEquals(checkHistory(history.build()).verdict, expected, `destroyed ${when}`);
  }
});

Deno.test("a session that is created in the millisecond in which a write is accepted may be the one that was meant", () => {
  for (const [afterMs, expected] of [[0.9, "holds"], [1, "violated"]] as const) {
    const history = new HistoryBuilder();
    accept(history, "p2");
    const op = history.wait(afterMs).create();
    history.call("p1", "get", FRESH, { version: 2, context: { b: op, c0: 1 } });
    assertEquals(checkHistory(history.build()).verdict, expected, `${afterMs} ms`);
  }
});

Deno.test("a creation makes two sessions only if the store loses its memory while the call is under way", () => {
  for (const [beforeMs, expected] of [[50, "holds"], [200, "violated"]] as const) {
    const history = new HistoryBuilder();
    history.fault("failover", "store", 100);
    const op = history.wait(beforeMs).begin("p1", "getOrCreate", { effect: { kind: "birth" } });
    history.call("p2", "get", FRESH, { incarnation: "Y", version: 1, context: { b: op } });
    history.wait(60).shows(op, { version: 1, context: { b: op } });
    assertEquals(checkHistory(history.build()).verdict, expected, `${beforeMs} ms`);
  }
});

Deno.test("after a loss of memory a session that was destroyed may end again under a call", () => {
  for (const [isDestroyed, expected] of [[true, "holds"], [false, "violated"]] as const) {
    const history = new HistoryBuilder({ failMode: "open" });
    history.create("p2");
    if (isDestroyed) history.end(history.begin("p1", "destroy"), { kind: "boolean", value: true });
    history.wait(1).fault("store-empty", "store", 100);
    const op = history.wait(200).begin("p2", "touch");
    history.end(op, { kind: "unavailable", outcome: "unknown" });
    assertEquals(checkHistory(history.build()).verdict, expected, `${isDestroyed}`);
  }
});

Deno.test("an update of what its pod holds is served while the store is away; what it moved away it does not hold", () => {
  for (const [moves, expected] of [[false, "violated"], [true, "holds"]] as const) {
    const history = new HistoryBuilder({ failMode: "open" });
    const birth = history.begin("p1", "getOrCreate", { effect: { kind: "birth" } });
    history.shows(birth, { version: 1, context: { b: birth }, expiresInMs: 9_000 });
    if (moves) {
      const to = { tenant: "a", id: "2" };
      const state = { version: 2, context: { b: birth }, expiresInMs: 9_000 };
      history.call("p1", "rotate", { to }, state);
    }
    const update = history.begin("p1", "update");
    history.degraded(update, { kind: "unavailable", outcome: "not-applied" });
    assertEquals(checkHistory(history.build()).verdict, expected, `moves: ${moves}`);
  }
});

Deno.test("an update of what was shown while the store was away is served, unless part of that was rejected", () => {
  for (const [pod, expected] of [["p1", "holds"], ["p2", "violated"]] as const) {
    const history = new HistoryBuilder({ failMode: "open" });
    const birth = history.create();
    const effect = { kind: "set", deletes: false } as const;
    const set = history.begin("p1", "updateContext", { effect });
    const context = { b: birth, s: set, [`m${set}`]: 1 };
    history.showsHeld(set, { version: 1, context, expiresInMs: 9_000, pending: 1 });
    history.told(pod, { name: "rejected", session: SESSION, operations: 1, reason: "unknown" });
    const update = history.begin("p1", "update");
    history.degraded(update, { kind: "unavailable", outcome: "not-applied" });
    const verdict = checkHistory(history.build());
    const rules = verdict.verdict === "violated" ? verdict.violations.map(({ rule }) => rule) : [];
    assertEquals(rules.includes("fail-open"), expected === "violated", pod);
  }
});

Deno.test("a store that forgot a create may take a late copy of it: its time counts from then at the latest", () => {
  const cases = [
    ["store-freeze", 11_500, "violated"],
    ["store-empty", 11_500, "holds"],
    ["store-empty", 12_500, "violated"],
  ] as const;
  for (const [kind, endsAtMs, expected] of cases) {
    const history = new HistoryBuilder();
    history.create();
    history.fault(kind, "store", 10);
    const state = { version: 1, context: { b: 1 }, expiresInMs: endsAtMs - 101 };
    history.wait(100).call("p1", "get", FRESH, state);
    assertEquals(checkHistory(history.build()).verdict, expected, `${kind}, ${endsAtMs}`);
  }
});

Deno.test("a write that may have been applied has no outcome when it meets that the record was evicted", () => {
  for (const [evicted, expected] of [["1", "holds"], ["2", "violated"]] as const) {
    const history = new HistoryBuilder({ failMode: "open" });
    history.create();
    history.fault("eviction", "store", 0, keyOf({ tenant: "a", id: evicted }));
    const effect = { kind: "count", field: "c0", by: 1 } as const;
    const increment = history.begin("p1", "increment", { effect });
    history.told("p1", { name: "vanished", session: SESSION });
    history.end(increment, { kind: "unavailable", outcome: "unknown" });
    assertEquals(checkHistory(history.build()).verdict, expected, evicted);
  }
});

Deno.test("when all has recovered only a pod that has just begun still answers from memory", () => {
  for (const [pod, expected] of [["p2.2", "holds"], ["p1", "violated"]] as const) {
    const history = new HistoryBuilder({ recoveredAtMs: 100 });
    history.create();
    const destroy = history.wait(200).begin(pod, "destroy");
    history.degraded(destroy, { kind: "boolean", value: true });
    assertEquals(checkHistory(history.build()).verdict, expected, pod);
  }
});

Deno.test("when all has recovered a call is without an outcome only if its pod ended under it", () => {
  const cases = [
    ["p1", false, "holds"],
    ["p1", true, "violated"],
    ["p2", false, "violated"],
  ] as const;
  for (const [ender, isAsked, expected] of cases) {
    const history = new HistoryBuilder({ recoveredAtMs: 100 });
    history.create();
    const to = { tenant: "a", id: "2" };
    const rotate = history.wait(200).begin("p1", "rotate", { to });
    history.end(rotate, { kind: "unavailable", outcome: "unknown" });
    if (isAsked) history.end(history.begin("p1", "touch"), { kind: "boolean", value: true });
    history.wait(500).flush(ender, ENDED);
    assertEquals(checkHistory(history.build()).verdict, expected, `${ender}, ${isAsked}`);
  }
});

Deno.test("when all has recovered a rotation is without an outcome only if what it moved may have run out", () => {
  for (const [atMs, expected] of [[9_995, "holds"], [200, "violated"]] as const) {
    const history = new HistoryBuilder({ recoveredAtMs: 100 });
    history.create();
    const to = { tenant: "a", id: "2" };
    const rotate = history.wait(atMs).begin("p1", "rotate", { to });
    history.wait(10).end(rotate, { kind: "unavailable", outcome: "unknown" });
    assertEquals(checkHistory(history.build()).verdict, expected, `${atMs}`);
  }
});

Deno.test("a refused write may have been carried out if its client had sent it before", () => {
  const cases = [["resend", "p1", "holds"], ["latency", "p1", "violated"], [
    "resend",
    "p2",
    "violated",
  ]] as const;
  for (const [fault, pod, expected] of cases) {
    const history = new HistoryBuilder();
    history.fault("noperm", "store", 100);
    history.create();
    const effect = { kind: "count", field: "c0", by: 1 } as const;
    const increment = history.begin("p1", "increment", { effect });
    history.fault(fault, pod);
    history.end(increment, { kind: "refused", message: "NOPERM", code: "NOPERM" });
    history.call("p1", "get", FRESH, { version: 2, context: { b: 1, c0: 1 } });
    assertEquals(checkHistory(history.build()).verdict, expected, `${fault} on ${pod}`);
  }
});

Deno.test("when all has recovered a rotation is without an outcome only if what it led to may have ended", () => {
  for (const [id, expected] of [["2", "holds"], ["3", "violated"]] as const) {
    const history = new HistoryBuilder({ recoveredAtMs: 100 });
    history.create();
    const to = { tenant: "a", id: "2" };
    const rotate = history.wait(200).begin("p1", "rotate", { to });
    const destroy = history.begin("p2", "destroy", { session: { tenant: "a", id } });
    history.end(destroy, { kind: "boolean", value: id === "2" });
    history.end(rotate, { kind: "unavailable", outcome: "unknown" });
    assertEquals(checkHistory(history.build()).verdict, expected, id);
  }
});

Deno.test("what only a pod held that ended before a loss of memory may be gone", () => {
  for (const [ender, expected] of [["p1", "holds"], ["p2", "violated"]] as const) {
    const history = new HistoryBuilder();
    const birth = history.begin("p1", "getOrCreate", { effect: { kind: "birth" } });
    history.shows(birth, { version: 1, context: { b: birth }, expiresInMs: 9_999 });
    history.flush(ender, ENDED);
    history.fault("store-empty", "store", 100);
    history.wait(100).end(history.begin("p3", "get", FRESH, true), { kind: "absent" });
    assertEquals(checkHistory(history.build()).verdict, expected, ender);
  }
});
