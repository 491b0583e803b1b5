import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { summaryMarkdown } from "../../chaos/mod.ts";
import {
  chaosReport,
  everything,
  HOSTILE,
  reportedBackend,
  reportedViolation,
} from "./report_samples.ts";

Deno.test("the verdict comes first", () => {
  const first = (more: Parameters<typeof chaosReport>[0]) =>
    summaryMarkdown(chaosReport(more)).split("\n")[0];
  assertEquals(first({}), "# ✅ Every guarantee held");
  const backends = [
    reportedBackend({
      violations: ["G10", "G4"].map((guarantee) => reportedViolation({ guarantee })),
    }),
  ];
  assertEquals(first({ verdict: "violated", backends }), "# ❌ G4, G10 were violated");
  assertEquals(first({ verdict: "proved-nothing" }), "# ⚠️ This run proves nothing");
  assertEquals(first({ verdict: "could-not-run" }), "# ⚠️ The run could not be finished");
  assertEquals(first({ mutants: everything().mutants }), "# ✅ 1 of 2 mutants killed");
});

Deno.test("it has the backends, the faults, the violation's replay line and case, and what was seen", () => {
  const text = summaryMarkdown(everything());
  assertStringIncludes(text, "| memory | 200 | 12,345 | 16 | 3 | ❌ G4 violated |");
  assertStringIncludes(text, "| sqlite | 200 | 12,345 | 16 | 0 | ✅ held |");
  assertStringIncludes(text, "| ioredis on redis 7.0.15 | 200 | 12,345 | 16 | 3 | ⚠️ undecided |");
  assertStringIncludes(text, "| `pod-kill` | 15 | 15 | 15 |");
  assertStringIncludes(
    text,
    "```sh\ndeno task chaos --backend memory --seed 7 --path 12:3 --runs 1",
  );
  assertMatch(text, /```text\n +0\.0 ms {2}p1 {2}#1 getOrCreate a\/1\n/);
  assertStringIncludes(text, "| memory | 1003 ms | `increment` | p1 | `store-outage` |");
  assertStringIncludes(text, "| a journal is taken over | ⚠️ never |");
  assertStringIncludes(text, "Not tested: valkey-glide on valkey: no valkey-server is on PATH");
  assertStringIncludes(text, "| store-forgets | G10 | ❌ survived |");
});

Deno.test("what comes from data is shown as it is", () => {
  const violations = [reportedViolation({ message: HOSTILE, replay: "a ``` b" })];
  const text = summaryMarkdown(chaosReport({
    backends: [reportedBackend({ backend: HOSTILE, violations })],
    problems: [HOSTILE],
  }));
  const outside = text.replaceAll(/^(`{3,}).*\n[\s\S]*?\n\1$/gm, "");
  assert(!/(?<!\\)[<>]/.test(outside), outside);
  assert(!outside.includes("a ``` b"), "the replay line ended its block");
  const columns = text.split("\n").filter((line) => line.startsWith("| \\<"))
    .map((row) => row.match(/(?<!\\)\|/g)!.length);
  assert(columns.length > 0 && columns.every((bars) => bars === 7 || bars === 6), text);
});
