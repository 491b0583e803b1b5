import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { writeHistory } from "../../chaos/history.ts";
import { HistoryBuilder } from "./history_builder.ts";

const ROOT = new URL("../../", import.meta.url);
const FRESH = { fresh: true };

/** Runs `deno task chaos check` as a process. */
async function check(...args: string[]): Promise<{ code: number; text: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "scripts/chaos.ts", "check", ...args],
    cwd: ROOT,
  }).output();
  return { code, text: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}

/** Checks a file of that text. */
async function checkText(text: string): Promise<{ code: number; text: string }> {
  const file = await Deno.makeTempFile({ prefix: "hakgal-chaos-test-" });
  try {
    await Deno.writeTextFile(file, text);
    return await check(file);
  } finally {
    await Deno.remove(file);
  }
}

function good(): HistoryBuilder {
  const history = new HistoryBuilder();
  history.create();
  history.call("p2", "get", FRESH, { version: 1, context: { b: 1 } });
  return history;
}

function bad(): HistoryBuilder {
  const history = good();
  history.end(history.begin("p2", "destroy"), { kind: "boolean", value: true });
  history.call("p1", "get", FRESH, { version: 1, context: { b: 1 } });
  return history;
}

Deno.test("a recorded history is checked again: it holds, or the violation and its calls are shown", async () => {
  const [held, violated] = await Promise.all([
    checkText(writeHistory(good().build())),
    checkText(writeHistory(bad().build())),
  ]);
  assertEquals(held.code, 0, held.text);
  assertMatch(held.text, /: holds \(5 events\)/);
  assertEquals(violated.code, 1, violated.text);
  assertMatch(violated.text, /G4 no-resurrection: expected what was gone to stay gone/);
  assertMatch(violated.text, /^ {4}#4 get \(fresh\) on a\/1 by p1 \[/m);
  assertMatch(violated.text, /^ {4}#3 destroy on a\/1 by p2 \[/m);
});

Deno.test("of a history that was cut what is whole is checked, and it is said where it was cut", async () => {
  const lines = writeHistory(bad().build()).split("\n");
  const [cutLate, cutEarly] = await Promise.all([
    // In the middle of the end; then damaged in the call that shows the violation.
    checkText(lines.slice(0, -1).join("\n").slice(0, -5)),
    checkText(lines.with(7, lines[7]!.slice(0, 20)).join("\n")),
  ]);
  assertEquals(cutLate.code, 1, cutLate.text);
  assertMatch(cutLate.text, /line 10 is no event; 1 event left out/);
  assertEquals(cutEarly.code, 2, cutEarly.text);
  assertMatch(cutEarly.text, /line 8 is no event; 3 events left out/);
  assertMatch(cutEarly.text, /undecided \(6 events\): the history was cut off before its end/);
});

Deno.test("the histories of a report's violations are checked again", async () => {
  const { settings, events } = bad().build();
  const violation = { guarantee: "G4", rule: "no-resurrection", history: events, settings };
  const report = (...violations: unknown[]) =>
    checkText(JSON.stringify({ version: 1, backends: [{ violations }] }, undefined, 2));
  const [found, none, older] = await Promise.all([
    report(violation),
    report(),
    report({ ...violation, settings: undefined }),
  ]);
  assertEquals(found.code, 1, found.text);
  assertMatch(found.text, / #1: VIOLATED/);
  assertEquals(none.code, 2, none.text);
  assertMatch(none.text, /reports no violation, so it has no history to check\. Give a history/);
  assertEquals(older.code, 2, older.text);
  assertMatch(older.text, /without their settings.*Repeat the run/);
});

Deno.test("what is no history ends with 2 and a sentence that says what to do", async () => {
  const [text, empty, missing, nothing, twice, time] = await Promise.all([
    checkText("Dear diary,\nnothing happened.\n"),
    checkText(""),
    check("no-such-file.jsonl"),
    check(),
    check("one", "two"),
    check("one", "--time-limit", "soon"),
  ]);
  for (const { code, text: said } of [text, empty, missing, nothing, twice, time]) {
    assertEquals(code, 2, said);
  }
  assertMatch(text.text, /is no history: give a file of JSON lines that chaos wrote/);
  assertMatch(empty.text, /is no history: give a file/);
  assertMatch(missing.text, /There is no file no-such-file\.jsonl\. Give the path/);
  assertMatch(nothing.text, /missing required argument 'file'/);
  assertMatch(twice.text, /too many arguments/);
  assertMatch(time.text, /--time-limit is a number of seconds/);
});

Deno.test("check explains itself, and the command's help names it", async () => {
  const own = await check("--help");
  assertEquals(own.code, 0);
  assertStringIncludes(own.text, "Exit codes: 0 it holds");
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "scripts/chaos.ts", "--help"],
    cwd: ROOT,
  }).output();
  assertMatch(new TextDecoder().decode(stdout), /check <file> {2,}checks a recorded history/);
});
