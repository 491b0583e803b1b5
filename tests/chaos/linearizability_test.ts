import { assert, assertEquals } from "@std/assert";
import { checkHistory } from "../../chaos/checker.ts";
import { crossCheck } from "../../chaos/linearizability/cross_check.ts";
import { checkLinearizability } from "../../chaos/linearizability/linearizability.ts";
import { keyOf } from "../../chaos/model.ts";
import { HistoryBuilder } from "./history_builder.ts";

const FRESH = { fresh: true };
const LIST = { kind: "list" } as const;
const MARK = { kind: "set", deletes: false } as const;
const count = (slot: number) => ({ kind: "count", field: "c0", by: 8 ** slot }) as const;
const UNKNOWN = { kind: "unavailable", outcome: "unknown" } as const;

interface Pair {
  readonly what: string;
  readonly write: (history: HistoryBuilder, isBad: boolean) => void;
}

/** Histories that no order explains, each beside a neighbour that one does. */
const PAIRS: readonly Pair[] = [
  {
    what: "a read that began after an increment was answered shows it",
    write(history, isBad) {
      history.create();
      history.end(history.begin("p1", "increment", { effect: count(0) }), {
        kind: "number",
        value: 1,
      });
      const context = isBad ? { b: 1 } : { b: 1, c0: 1 };
      history.call("p2", "get", FRESH, { version: 2, context });
    },
  },
  {
    what: "an increment without an outcome takes effect once at most",
    write(history, isBad) {
      history.create();
      history.end(history.begin("p1", "increment", { effect: count(0) }), UNKNOWN);
      history.call("p2", "get", FRESH, { version: 2, context: { b: 1, c0: isBad ? 2 : 1 } });
    },
  },
  {
    what: "a create that waited for the store takes the place of what has expired by then",
    write(history, isBad) {
      history.create();
      const waiting = history.wait(9_000).begin("p2", "getOrCreate", { effect: { kind: "birth" } });
      const made = { incarnation: "Y", context: { b: waiting } };
      history.showsHeld(waiting, { ...made, version: 0, pending: 1 });
      history.wait(isBad ? 500 : 1_500).call("p1", "get", FRESH, { ...made, version: 1 });
    },
  },
  {
    what: "two increments at once answer with numbers of one order",
    write(history, isBad) {
      history.create();
      const one = history.begin("p1", "increment", { effect: count(0) });
      const other = history.begin("p2", "increment", { effect: count(1) });
      history.end(one, { kind: "number", value: 1 });
      history.end(other, { kind: "number", value: isBad ? 8 : 9 });
    },
  },
  {
    what: "a rotation takes an id that is free when it is made, whatever another one found before",
    write(history, isBad) {
      const to = { tenant: "a", id: "2" };
      history.create();
      history.call("p1", "rotate", { to }, { version: 1, context: { b: 1 } });
      history.end(history.begin("p2", "rotate", { to }), {
        kind: "not-found",
        reason: "destroyed",
      });
      // Only then what was rotated has run out.
      history.wait(11_000);
      const second = history.create("p1", "Y");
      if (!isBad) history.begin("p2", "rotate", { to });
      history.kill("p2");
      const look = history.begin("p1", "get", { ...FRESH, session: to });
      history.shows(look, { incarnation: "Z", version: 1, context: { b: second } });
    },
  },
  {
    what: "what is destroyed is gone for whoever looks later",
    write(history, isBad) {
      history.create();
      history.end(history.begin("p1", "destroy"), { kind: "boolean", value: true });
      const look = history.begin("p2", "get", FRESH);
      if (isBad) history.shows(look, { version: 1, context: { b: 1 } });
      else history.end(look, { kind: "absent" });
    },
  },
  {
    what: "a destroy without an outcome may be executed late, and only once",
    write(history, isBad) {
      history.create();
      history.end(history.begin("p1", "destroy"), UNKNOWN);
      history.call("p2", "get", FRESH, { version: 1, context: { b: 1 } });
      history.end(history.begin("p2", "get", FRESH), { kind: "absent" });
      const op = history.create("p2", "Y");
      const look = history.begin("p2", "get", FRESH);
      if (isBad) history.end(look, { kind: "absent" });
      else history.shows(look, { incarnation: "Y", version: 1, context: { b: op } });
    },
  },
  {
    what: "a session is gone before it was destroyed only when its time may be over",
    write(history, isBad) {
      history.create();
      history.wait(isBad ? 5_000 : 10_000);
      history.end(history.begin("p2", "get", FRESH), { kind: "absent" });
    },
  },
  {
    what: "updates at once stand in the list in one order for all",
    write(history, isBad) {
      history.create();
      const [one, other] = [history.begin("p1", "update", { effect: LIST }), 3];
      history.begin("p2", "update", { effect: LIST });
      history.shows(one, { version: 2, context: { b: 1, u: [one] } });
      const list = isBad ? [other, one] : [one, other];
      history.shows(other, { version: 3, context: { b: 1, u: list } });
    },
  },
  {
    what: "the set that came last stays",
    write(history, isBad) {
      history.create();
      const one = history.begin("p1", "updateContext", { effect: MARK });
      history.shows(one, { version: 2, context: { b: 1, s: one, [`m${one}`]: 1 } });
      const other = history.begin("p2", "updateContext", { effect: MARK });
      const marks = { [`m${one}`]: 1, [`m${other}`]: 1 };
      history.shows(other, { version: 3, context: { b: 1, s: isBad ? one : other, ...marks } });
    },
  },
  {
    what: "a rotation moves the whole state, and the old id is dead",
    write(history, isBad) {
      history.create();
      const to = { tenant: "a", id: "2" };
      history.call("p1", "rotate", { to }, { incarnation: "Y", version: 2, context: { b: 1 } });
      const look = history.begin("p2", "get", FRESH);
      if (isBad) history.shows(look, { version: 1, context: { b: 1 } });
      else history.end(look, { kind: "absent" });
    },
  },
];

for (const { what, write } of PAIRS) {
  Deno.test(`an order of the calls is found, or there is none: ${what}`, () => {
    const [good, bad] = [false, true].map((isBad) => {
      const history = new HistoryBuilder();
      write(history, isBad);
      return checkLinearizability(history.build());
    });
    assertEquals([good?.verdict, good?.violations], ["holds", []]);
    assertEquals(bad?.verdict, "violated");
    assertEquals(bad?.violations[0]?.rule, "linearizable");
    assert(bad!.violations[0]!.ops.length > 0);
  });
}

Deno.test("copies and degraded answers may be behind", () => {
  const history = new HistoryBuilder();
  history.create();
  history.end(history.begin("p1", "increment", { effect: count(0) }), { kind: "number", value: 1 });
  history.call("p2", "get", {}, { version: 1, context: { b: 1 } });
  history.showsHeld(history.begin("p2", "get", FRESH), { version: 1, context: { b: 1 } });
  assertEquals(checkLinearizability(history.build()).verdict, "holds");
});

Deno.test("what is not decided is counted, and is not good", () => {
  const lost = new HistoryBuilder();
  lost.create();
  lost.fault("store-empty", "store");
  assertEquals(checkLinearizability(lost.build()).leftOut.lost, 1);
  assertEquals(checkLinearizability(lost.build()).verdict, "undecided");

  const ambiguous = new HistoryBuilder();
  ambiguous.create();
  for (let call = 0; call < 9; call++) ambiguous.end(ambiguous.begin("p1", "destroy"), UNKNOWN);
  assertEquals(checkLinearizability(ambiguous.build()).leftOut.tooAmbiguous, 1);
  assertEquals(checkLinearizability(ambiguous.build(), { maxOperations: 5 }).leftOut.tooLong, 1);
  // It has to go into more than one state.
  const limits = { maxAmbiguous: 9, maxStates: 0 };
  ambiguous.end(ambiguous.begin("p1", "get", FRESH), { kind: "absent" });
  const { verdict, leftOut } = checkLinearizability(ambiguous.build(), limits);
  assertEquals([verdict, leftOut.undecided], ["undecided", 1]);
  assertEquals(checkLinearizability(ambiguous.build(), { maxAmbiguous: 9 }).verdict, "holds");
});

Deno.test("what a fault takes from a store is left out, and no more than that", () => {
  const session = { tenant: "a", id: "2" };
  const cases = [["flush-all", 2], ["eviction", 1], ["clock-skew", 0]] as const;
  for (const [kind, lost] of cases) {
    const history = new HistoryBuilder();
    history.create();
    const op = history.begin("p1", "getOrCreate", { session, effect: { kind: "birth" } });
    history.shows(op, { incarnation: "Y", version: 1, context: { b: op } });
    history.fault(kind, kind === "clock-skew" ? "p1" : "store", 0, keyOf(session));
    const { explained, leftOut } = checkLinearizability(history.build());
    assertEquals([explained, leftOut.lost], [2 - lost, lost], kind);
  }
});

Deno.test("many calls without an outcome that do the same are taken for one", () => {
  const history = new HistoryBuilder();
  history.create();
  for (let call = 0; call < 30; call++) history.end(history.begin("p1", "destroy"), UNKNOWN);
  history.end(history.begin("p1", "get", FRESH), { kind: "absent" });
  // Nothing explains that it is there again.
  history.call("p2", "get", FRESH, { version: 1, context: { b: 1 } });
  const options = { maxAmbiguous: 30, maxStates: 500 };
  assertEquals(checkLinearizability(history.build(), options).verdict, "violated");
});

Deno.test("where the rules and the search disagree the tool is told to be wrong", () => {
  const history = new HistoryBuilder();
  history.create();
  history.end(history.begin("p1", "destroy"), { kind: "boolean", value: true });
  history.call("p2", "get", FRESH, { version: 1, context: { b: 1 } });
  const bad = history.build();
  assert(crossCheck(bad, { verdict: "holds" }).disagreement?.includes("search does not"));
  const { verdict, disagreement } = crossCheck(bad, checkHistory(bad));
  assertEquals(disagreement, undefined);
  const rules = verdict.verdict === "violated" ? verdict.violations.map(({ rule }) => rule) : [];
  assert(rules.includes("no-resurrection") && rules.includes("linearizable"), rules.join());

  const good = new HistoryBuilder();
  good.create();
  const op = good.call("p2", "get", FRESH, { version: 1, context: { b: 1 } });
  const found = { guarantee: "G3", rule: "exactly-once", message: "twice", ops: [op] };
  const odd = crossCheck(good.build(), { verdict: "violated", violations: [found] });
  assert(odd.disagreement?.includes("search does"));
});
