import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { XmlDocument, XmlElement, XsdValidator } from "libxml2-wasm";
import { type ChaosReport, junitXml } from "../../chaos/mod.ts";
import {
  chaosReport,
  everything,
  HOSTILE,
  reportedBackend,
  reportedViolation,
} from "./report_samples.ts";

const SCHEMA = new URL("junit.xsd", import.meta.url);

/** Parses what is written, and holds it to the schema. */
function read(report: ChaosReport): XmlDocument {
  using schema = XmlDocument.fromString(Deno.readTextFileSync(SCHEMA));
  using validator = XsdValidator.fromDoc(schema);
  const document = XmlDocument.fromString(junitXml(report));
  validator.validate(document);
  return document;
}

/** The test cases of a suite by name, each with what it ended with. */
function casesOf(document: XmlDocument, suite: string): Map<string, string> {
  const cases = document.find(`//testsuite[@name="${suite}"]/testcase`);
  return new Map(cases.map((node) => {
    assert(node instanceof XmlElement);
    const outcome = node.find("*")[0];
    assert(outcome === undefined || outcome instanceof XmlElement);
    return [node.attr("name")!.value, outcome?.name ?? "passed"];
  }));
}

Deno.test("a test case for each guarantee and backend, valid against the schema", () => {
  using document = read(everything());
  const memory = casesOf(document, "memory");
  assertEquals(memory.size, 10);
  assertEquals(memory.get("G4 No resurrection"), "failure");
  assertEquals([...memory.values()].filter((outcome) => outcome === "passed").length, 9);
  const sqlite = casesOf(document, "sqlite");
  assertEquals(sqlite.get("G1 Survival"), "passed");
  // No fault took the store away, so what holds then was not tried.
  assertEquals(sqlite.get("G8 Fail-open"), "skipped");
  assertEquals(new Set(casesOf(document, "ioredis on redis 7.0.15").values()), new Set(["error"]));
  const skipped = new Set(casesOf(document, "valkey-glide on valkey").values());
  assertEquals(skipped, new Set(["skipped"]));
  assertEquals([...casesOf(document, "mutants").values()], ["passed", "failure"]);
});

Deno.test("a violation is a failure with its message, replay line and case", () => {
  using document = read(everything());
  const failure = document.get(`//testsuite[@name="memory"]//failure`);
  assert(failure instanceof XmlElement);
  assertEquals(failure.attr("type")?.value, "no-resurrection");
  const message = failure.attr("message")!.value;
  assertMatch(message, /^#4 shows what #3 had destroyed\. Replay: deno task chaos .* --path 12:3/);
  assertStringIncludes(failure.content, "p2  killed");
});

Deno.test("a suite's counts are those of its cases", () => {
  using document = read(everything());
  for (const suite of document.find("//testsuite")) {
    assert(suite instanceof XmlElement);
    const counts: readonly (readonly [string, string])[] = [
      ["tests", "testcase"],
      ["failures", "testcase/failure"],
      ["errors", "testcase/error"],
      ["skipped", "testcase/skipped"],
    ];
    for (const [name, path] of counts) {
      assertEquals(Number(suite.attr(name)?.value), suite.find(path).length, name);
    }
  }
});

Deno.test("a run that proves nothing is an error, one that holds is not", () => {
  const problems = ["This run proves nothing: the fault pod-kill never fired."];
  using worthless = read(chaosReport({ verdict: "proved-nothing", problems }));
  assertEquals([...casesOf(worthless, "chaos").values()], ["error"]);
  const error = worthless.get("//error");
  assert(error instanceof XmlElement);
  assertEquals([error.attr("message")?.value, error.content], [problems[0], problems[0]]);
  using held = read(chaosReport());
  assertEquals(held.find("//error | //failure | //skipped"), []);
});

Deno.test("whatever a backend, a message or a problem contains, it is valid", () => {
  using document = read(chaosReport({
    backends: [
      reportedBackend({
        backend: HOSTILE,
        violations: [reportedViolation({ message: HOSTILE, replay: HOSTILE, rule: HOSTILE })],
      }),
    ],
    skipped: [{ backend: "x", reason: HOSTILE }],
    problems: [HOSTILE],
    verdict: "proved-nothing",
  }));
  const failure = document.get("//failure");
  assert(failure instanceof XmlElement);
  assertStringIncludes(failure.content, `</script><img src=x onerror="window`);
});
