import { assert, assertEquals } from "@std/assert";
import { checkHistory, RULES } from "../../chaos/checker.ts";
import { type Result, vectorOf, writeHistory } from "../../chaos/history.ts";
import { readHistory } from "../../chaos/history_reader.ts";
import { NEIGHBOURS } from "./good_histories.ts";
import { HistoryBuilder } from "./history_builder.ts";
import { OUTAGES } from "./outage_histories.ts";
import { RED } from "./red_histories.ts";

const FRESH = { fresh: true };
const VECTOR = { kind: "vector" } as const;
const COUNT = { kind: "count", field: "c0", by: 1 } as const;

for (const { what, rule, guarantee, settings, write } of [...RED, ...OUTAGES]) {
  Deno.test(`the checker sees that ${what}`, () => {
    const history = new HistoryBuilder(settings);
    write(history);
    const verdict = checkHistory(history.build());
    assertEquals(verdict.verdict, "violated");
    const found = verdict.verdict === "violated"
      ? verdict.violations.map((violation) => `${violation.guarantee} ${violation.rule}`)
      : [];
    assert(found.includes(`${guarantee} ${rule}`), `found ${found.join(", ")}`);
  });
}

Deno.test("every rule has a history that breaks it, and a neighbour that holds", () => {
  const shown = new Set([...RED, ...OUTAGES].map(({ rule }) => rule));
  const names = RULES.map(({ name }) => name);
  assertEquals(names.filter((name) => !shown.has(name)), []);
  assertEquals(names.filter((name) => NEIGHBOURS[name] === undefined), []);
  assertEquals(Object.keys(NEIGHBOURS).filter((name) => !names.includes(name)), []);
});

for (const [rule, { settings, write }] of Object.entries(NEIGHBOURS)) {
  Deno.test(`the checker lets pass what ${rule} allows`, () => {
    const history = new HistoryBuilder(settings);
    write(history);
    assertEquals(checkHistory(history.build()), { verdict: "holds" });
  });
}

Deno.test("a limit makes it undecided, unless something was found before", () => {
  const history = new HistoryBuilder();
  history.create();
  assertEquals(checkHistory(history.build(), { maxStates: 0 }).verdict, "undecided");
  const late = checkHistory(history.build(), { timeLimitMs: 0 });
  assertEquals(late, { verdict: "undecided", reason: "it was not done within 0 ms" });
});

Deno.test("what is allowed passes: late effects, stale reads within the bound, a new incarnation", () => {
  const history = new HistoryBuilder();
  history.create();
  const late = history.begin("p1", "increment", { effect: COUNT });
  history.end(late, { kind: "unavailable", outcome: "unknown" });
  history.call("p2", "get", FRESH, { version: 1, context: { b: 1 } });
  // The command is executed after its caller was told that nothing is known.
  history.call("p2", "get", FRESH, { version: 2, context: { b: 1, c0: 1 } });
  history.call("p1", "get", {}, { version: 1, context: { b: 1 } });
  history.end(history.begin("p2", "destroy"), { kind: "boolean", value: true });
  history.call("p1", "get", {}, { version: 1, context: { b: 1 } });
  history.create("p2", "Y");
  history.wait(11_000).end(history.begin("p1", "get", FRESH), { kind: "absent" });
  assertEquals(checkHistory(history.build()), { verdict: "holds" });
});

Deno.test("a call may wait for those that its pod has accepted before it for the same session", () => {
  const cases = [
    ["p1", "destroy", "holds"],
    ["p1", "get", "violated"],
    ["p2", "destroy", "violated"],
  ] as const;
  for (const [pod, between, expected] of cases) {
    const history = new HistoryBuilder();
    const first = history.begin("p1", "get", FRESH);
    const second = history.begin(pod, between, FRESH);
    const third = history.begin("p1", "get", FRESH);
    history.wait(900).end(first, { kind: "absent" });
    const result = between === "get" ? { kind: "absent" } : { kind: "boolean", value: false };
    history.wait(900).end(second, result as Result);
    history.wait(900).end(third, { kind: "absent" });
    assertEquals(checkHistory(history.build()).verdict, expected, `${between} on ${pod}`);
  }
});

Deno.test("a create that is answered with a later session has given the one that it began its time", () => {
  for (const [expiresInMs, expected] of [[9_990, "holds"], [11_000, "violated"]] as const) {
    const history = new HistoryBuilder();
    history.create("p1", "X");
    history.end(history.begin("p1", "destroy"), { kind: "boolean", value: true });
    const effect = { kind: "birth" } as const;
    const late = history.wait(50).begin("p2", "getOrCreate", { effect });
    history.call("p1", "getOrCreate", { effect }, {
      ...{ incarnation: "Y", version: 1, context: { b: late }, expiresInMs },
    });
    history.end(history.begin("p1", "destroy"), { kind: "boolean", value: true });
    const next = history.create("p1", "Z");
    history.shows(late, { incarnation: "Z", version: 1, context: { b: next } });
    assertEquals(checkHistory(history.build()).verdict, expected, `${expiresInMs}`);
  }
});

Deno.test("a full trajectory may have lost its oldest", () => {
  const history = new HistoryBuilder();
  history.create();
  const trajectory: number[][] = [];
  for (let version = 2; version < 6; version++) {
    const op = history.begin("p1", "appendTrajectory", { effect: VECTOR });
    trajectory.push(vectorOf(op));
    history.shows(op, { version, context: { b: 1 }, trajectory: trajectory.slice(-2) });
  }
  assertEquals(checkHistory(history.build()), { verdict: "holds" });
});

Deno.test("a history that was cut off is undecided, and one that is too long", () => {
  const history = new HistoryBuilder();
  history.create();
  assertEquals(checkHistory(history.build(true)).verdict, "undecided");
  assertEquals(checkHistory(history.build(), { maxEvents: 1 }).verdict, "undecided");
});

Deno.test("a history survives as text, and a last line that was cut off is left out", () => {
  const history = new HistoryBuilder();
  history.create();
  const whole = history.build();
  const text = writeHistory(whole);
  assertEquals(readHistory(text), whole);
  assertEquals(readHistory(text.slice(0, -5)).events.length, whole.events.length - 1);
});
