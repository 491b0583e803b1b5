/** Jumps of the store's clock: what the checker allows by them, and what it does not. */

import { assert, assertEquals } from "@std/assert";
import { checkHistory } from "../../chaos/checker.ts";
import type { HistorySettings } from "../../chaos/history.ts";
import { HistoryBuilder } from "./history_builder.ts";

const FRESH = { fresh: true };
const COUNT = { kind: "count", field: "c0", by: 1 } as const;

function absent(history: HistoryBuilder, pod: string): void {
  history.end(history.begin(pod, "get", FRESH), { kind: "absent" });
}

function seen(history: HistoryBuilder, pod: string, expiresInMs: number): void {
  history.call(pod, "get", FRESH, { version: 1, context: { b: 1 }, expiresInMs });
}

/** Two histories that differ by how far the store's clock jumps. */
interface Twins {
  readonly what: string;
  readonly settings?: Partial<HistorySettings>;
  /** In milliseconds: the history holds with the first, and is red with the second. */
  readonly jumps: readonly [number, number];
  /** What the red one breaks. */
  readonly rule: string;
  readonly write: (history: HistoryBuilder, jump: () => void, byMs: number) => void;
}

const TWINS: readonly Twins[] = [
  {
    what: "a jump forth ends a session that much earlier",
    jumps: [6_000, 4_000],
    rule: "no-end-without-cause",
    write(history, jump) {
      history.create();
      jump();
      absent(history.wait(5_000), "p2");
    },
  },
  {
    what: "a jump forth is no reason to show it for as long as before",
    jumps: [4_000, 6_000],
    rule: "expired-in-time",
    write(history, jump) {
      history.create();
      jump();
      seen(history.wait(5_000), "p2", 100);
    },
  },
  {
    what: "a jump back lets it live longer by the jump",
    jumps: [-6_000, -4_000],
    rule: "expired-in-time",
    write(history, jump) {
      history.create();
      jump();
      seen(history.wait(15_000), "p2", 100);
    },
  },
  {
    what: "what had not run out before a jump back has not since",
    jumps: [0, -6_000],
    rule: "no-end-without-cause",
    write(history, jump) {
      history.create();
      jump();
      absent(history.wait(12_000), "p2");
    },
  },
  {
    what: "a copy from before a jump forth is shown for as long as a copy may be, and no longer",
    jumps: [9_700, 12_000],
    rule: "expired-in-time",
    write(history, jump, byMs) {
      history.create();
      jump();
      history.wait(byMs === 12_000 ? 600 : 400);
      history.call("p1", "get", {}, { version: 1, context: { b: 1 }, expiresInMs: 9_500 });
    },
  },
  {
    what: "what is put back into an empty store has the time that its pod had counted",
    jumps: [6_000, -6_000],
    rule: "expired-in-time",
    write(history, jump, byMs) {
      history.create();
      history.wait(3_000).fault("store-empty", "store", 100);
      jump();
      seen(history.wait(110), "p1", 6_800 + (byMs < 0 ? -byMs : 0));
    },
  },
  {
    what:
      "a write that was accepted while the store was away may come too late by the store's clock",
    settings: { failMode: "open" },
    jumps: [6_000, 0],
    rule: "journaled-writes",
    write(history, jump) {
      history.create();
      const op = history.begin("p1", "increment", { effect: COUNT });
      history.degraded(op, { kind: "number", value: 1 });
      jump();
      absent(history.wait(5_000), "p1");
    },
  },
  {
    what: "a create that nobody heard of is not carried out after its deadline",
    settings: { failMode: "closed" },
    jumps: [100, 30_000],
    rule: "expired-in-time",
    write(history, jump) {
      const op = history.begin("p1", "getOrCreate", { effect: { kind: "birth" } });
      history.wait(1_000).end(op, { kind: "unavailable", outcome: "unknown" });
      jump();
      seen(history.wait(500), "p2", 9_900);
    },
  },
  {
    what:
      "a write without a session is not for one created later, unless a jump forth makes it seem so",
    settings: { failMode: "open" },
    jumps: [8_000, 0],
    rule: "meant-for-another",
    write(history, jump) {
      const op = history.begin("p2", "increment", { effect: COUNT });
      history.degraded(op, { kind: "number", value: 1 });
      const birth = history.wait(3_000).create();
      jump();
      history.call("p1", "get", FRESH, { version: 2, context: { b: birth, c0: 1 } });
    },
  },
  {
    what:
      "of two sessions the older one may be put back, where the clock it was created by had gone back",
    jumps: [-60_000, 0],
    rule: "no-end-without-cause",
    write(history, jump) {
      history.create();
      jump();
      seen(history.wait(100), "p1", 9_000);
      history.wait(100).fault("store-empty", "store", 100);
      const birth = history.wait(110).create("p2", "Y");
      history.call("p2", "get", FRESH, { incarnation: "Y", version: 1, context: { b: birth } });
      seen(history.wait(100), "p1", 9_000);
    },
  },
];

for (const { what, settings, jumps: [allowed, red], rule, write } of TWINS) {
  Deno.test(`${what}: ${allowed} ms, and not ${red} ms`, () => {
    const judge = (byMs: number) => {
      const history = new HistoryBuilder(settings);
      // In the millisecond of a jump both times are right.
      const jump = () => void history.wait(2).fault("store-clock-jump", "store", 0, `${byMs}`);
      write(history, jump, byMs);
      return checkHistory(history.build());
    };
    assertEquals(judge(allowed), { verdict: "holds" });
    const found = judge(red);
    assertEquals(found.verdict, "violated");
    const rules = found.verdict === "violated" ? found.violations.map((each) => each.rule) : [];
    assert(rules.includes(rule), `${rules}`);
  });
}
