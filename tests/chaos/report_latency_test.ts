import { assert, assertEquals } from "@std/assert";
import { FaultLatencies, faultWindows, type History, LatencyHistogram } from "../../chaos/mod.ts";
import { HistoryBuilder } from "./history_builder.ts";

/** A call of a pod that begins now and takes so long. */
function call(builder: HistoryBuilder, pod: string, spanMs: number): void {
  const op = builder.begin(pod, "increment");
  builder.wait(spanMs - 1).end(op, { kind: "number", value: 1 });
}

function latencies(history: History): Record<string, readonly number[]> {
  const collected = new FaultLatencies();
  collected.add(history);
  return Object.fromEntries(
    collected.summary().map(({ kind, before, during, after }) => [
      kind,
      [before, during, after].flatMap(({ count, unanswered, maxMs }) => [
        count,
        unanswered,
        maxMs ?? -1,
      ]),
    ]),
  );
}

Deno.test("calls are told apart by whether they met the fault", () => {
  const builder = new HistoryBuilder();
  call(builder, "p1", 5);
  builder.wait(10).fault("store-outage", "store", 50);
  call(builder, "p1", 30);
  builder.wait(40);
  call(builder, "p2", 7);
  assertEquals(latencies(builder.build()), { "store-outage": [1, 0, 5, 1, 0, 30, 1, 0, 7] });
});

Deno.test("a pod's fault is no other pod's, and lasts over its lives", () => {
  const builder = new HistoryBuilder();
  builder.fault("latency", "p1", 100);
  call(builder, "p2", 5);
  call(builder, "p1.2", 9);
  assertEquals(latencies(builder.build()), { latency: [0, 0, -1, 1, 0, 9, 0, 0, -1] });
});

Deno.test("what another fault delayed is neither before nor after this one", () => {
  const builder = new HistoryBuilder();
  builder.fault("slow-link", "p1", 30);
  call(builder, "p1", 20);
  builder.wait(40).fault("black-hole", "p1", 20);
  call(builder, "p1", 15);
  const found = latencies(builder.build());
  assertEquals(found["black-hole"], [0, 0, -1, 1, 0, 15, 0, 0, -1]);
});

Deno.test("a call that dies with its pod met the fault, without an answer", () => {
  const builder = new HistoryBuilder();
  builder.begin("p1", "increment");
  builder.wait(5).fault("pod-kill", "p1").kill("p1");
  assertEquals(latencies(builder.build()), { "pod-kill": [0, 0, -1, 0, 1, -1, 0, 0, -1] });
});

Deno.test("a fault ends at the latest when all are healed", () => {
  const builder = new HistoryBuilder();
  builder.fault("store-outage", "store", 10_000).wait(20);
  builder.shows(builder.begin("p1", "get", {}, true), { version: 1 });
  assertEquals(faultWindows(builder.build()), [
    { kind: "store-outage", lane: "store", fromMs: 0, untilMs: 20 },
  ]);
});

Deno.test("the slowest call of an outage is one that waited for the store", () => {
  const builder = new HistoryBuilder();
  builder.fault("slow-pod", "p2", 500).fault("store-outage", "store", 200);
  call(builder, "p1", 90);
  call(builder, "p2", 110);
  const collected = new FaultLatencies();
  collected.add(builder.build());
  const { latencyMs, pod, fault } = collected.slowestInOutage!;
  assertEquals([latencyMs, pod, fault], [90, "p1", "store-outage"]);
  // A store that lost a record, or whose word of commits is lost, answers all the same.
  builder.wait(10).fault("inbox-cut", "store", 500);
  call(builder, "p1", 200);
  const again = new FaultLatencies();
  again.add(builder.build());
  assertEquals(again.slowestInOutage, collected.slowestInOutage);
  const merged = new FaultLatencies();
  merged.merge(collected);
  assertEquals(merged.slowestInOutage, collected.slowestInOutage);
  assertEquals(merged.summary(), collected.summary());
});

Deno.test("percentiles are at most 4.5 % too high, and merging loses nothing", () => {
  const [whole, odd, even] = Array.from({ length: 3 }, () => new LatencyHistogram());
  for (let latencyMs = 1; latencyMs <= 10_000; latencyMs++) {
    whole!.record(latencyMs);
    (latencyMs % 2 === 0 ? even! : odd!).record(latencyMs);
  }
  even!.merge(odd!);
  for (const histogram of [whole!, even!]) {
    assertEquals([histogram.count, histogram.maxMs], [10_000, 10_000]);
    for (const share of [0.01, 0.5, 0.9, 0.99, 1]) {
      const [found, exact] = [histogram.percentile(share)!, share * 10_000];
      assert(found >= exact && found <= exact * 1.045, `${share}: ${found} instead of ${exact}`);
    }
  }
  const none = new LatencyHistogram();
  assertEquals(none.percentile(0.5), undefined);
  none.record(0);
  assertEquals(none.percentile(0.5), 0);
});
