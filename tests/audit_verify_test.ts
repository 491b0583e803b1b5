// What a check of the audit log finds, and what it cannot find.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { LineHash, NO_LINES, sealLine } from "../core/audit_chain.ts";
import { type AuditHead, type AuditVerdict, verifyAudit, type VerifyAuditOptions } from "../mod.ts";

const SECRET = "an-id-secret";

interface Log {
  readonly lines: readonly string[];
  readonly heads: readonly AuditHead[];
}

/** A log of so many lines, as a manager would write it. */
function logOf(count: number, secret: string | null = SECRET): Log {
  const hash = new LineHash(secret ?? undefined);
  const lines: string[] = [];
  const heads: AuditHead[] = [];
  for (let number = 1; number <= count; number++) {
    const fields = `"event":"call","at":"2026-01-01T00:00:00.000Z","operation":"get","n":${number}`;
    const sealed = sealLine(fields, heads.at(-1) ?? NO_LINES, hash);
    lines.push(sealed.line);
    heads.push(sealed.head);
  }
  return { lines, heads };
}

async function verify(
  lines: readonly string[],
  options: VerifyAuditOptions = { idSecret: SECRET },
): Promise<AuditVerdict> {
  return await verifyAudit([{ name: "log", lines }], options);
}

function problemsOf({ findings }: AuditVerdict): string[] {
  return findings.map(({ problem, line }) => `${problem} ${line}`);
}

Deno.test("a log as it was written is intact, over as many files as it has", async () => {
  const { lines, heads } = logOf(10);
  const files = [lines.slice(0, 4), lines.slice(4, 5), [], lines.slice(5)]
    .map((lines, index) => ({ name: `file${index}`, lines }));
  const verdict = await verifyAudit(files, { idSecret: SECRET, head: heads[9]! });
  assertEquals(verdict, {
    ...{ isIntact: true, lines: 10, firstSeq: 1, last: heads[9]!, lost: 0, torn: 0 },
    ...{ findings: [], problems: 0 },
  });
  assert((await verify([])).isIntact);
});

Deno.test("no character of any line can be changed unnoticed, the last line's neither", async () => {
  const { lines } = logOf(3);
  for (const [index, line] of lines.entries()) {
    for (let at = 0; at < line.length; at++) {
      const other = line[at] === "0" ? "1" : "0";
      const changed = line.slice(0, at) + other + line.slice(at + 1);
      const verdict = await verify(lines.with(index, changed));
      assert(!verdict.isIntact, `line ${index + 1}, character ${at}: ${line[at]} to ${other}`);
      assertEquals(verdict.findings[0]!.line, index + 1);
    }
  }
});

Deno.test("a line that was changed is named, and its neighbours are not blamed", async () => {
  const { lines } = logOf(5);
  const changed = lines[2]!.replace('"operation":"get"', '"operation":"touch"');
  assertEquals(problemsOf(await verify(lines.with(2, changed))), ["changed 3"]);
});

Deno.test("lines that were removed are named", async () => {
  const { lines } = logOf(9);
  const verdict = await verify(lines.toSpliced(3, 3));
  assertEquals(problemsOf(verdict), ["removed 4"]);
  assertMatch(verdict.findings[0]!.message, /^Lines 4 to 6 are missing/);
  assertEquals(problemsOf(await verify(lines.toSpliced(7, 1))), ["removed 8"]);
});

Deno.test("lines that stand elsewhere, or twice, are named", async () => {
  const { lines } = logOf(6);
  const swapped = lines.with(1, lines[3]!).with(3, lines[1]!);
  assertEquals(problemsOf(await verify(swapped)), ["reordered 3", "reordered 4"]);
  assertEquals(problemsOf(await verify(lines.toSpliced(3, 0, lines[1]!))), ["reordered 4"]);
  for (let one = 0; one < 6; one++) {
    for (let other = 0; other < one; other++) {
      const verdict = await verify(lines.with(one, lines[other]!).with(other, lines[one]!));
      assert(!verdict.isIntact, `${other + 1} and ${one + 1} swapped`);
    }
  }
});

Deno.test("lines of another chain are no replacement", async () => {
  const [one, other] = [logOf(6), logOf(6)];
  assertEquals(one, other);
  const hash = new LineHash(SECRET);
  const forked = sealLine('"event":"call","n":"other"', one.heads[2]!, hash);
  assertEquals(problemsOf(await verify(one.lines.with(3, forked.line))), ["replaced 5"]);
});

Deno.test("what is no line is told, unless the next line accounts for it", async () => {
  const { lines, heads } = logOf(3);
  const fragment = lines[2]!.slice(0, 40);
  assertEquals(problemsOf(await verify([...lines.slice(0, 2), fragment])), ["foreign 3"]);
  const { hashOfTorn } = await import("../core/audit_chain.ts");
  const torn = { bytes: fragment.length, hash: hashOfTorn(fragment) };
  const fields = `"event":"torn","torn":${JSON.stringify(torn)}`;
  const accounting = sealLine(fields, heads[1]!, new LineHash(SECRET)).line;
  const accounted = await verify([...lines.slice(0, 2), fragment, accounting]);
  assertEquals([accounted.isIntact, accounted.torn], [true, 1]);
  const changed = fragment.replace("seq", "sex");
  assertEquals(
    problemsOf(await verify([...lines.slice(0, 2), changed, accounting])),
    ["foreign 3"],
  );
});

Deno.test("lines that were cut off at the end are missed where the end is remembered, and only there", async () => {
  const { lines, heads } = logOf(6);
  const cut = lines.slice(0, 4);
  const remembering = await verify(cut, { idSecret: SECRET, head: heads[5]! });
  assertEquals(problemsOf(remembering), ["removed 0"]);
  assertMatch(
    remembering.findings[0]!.message,
    /went on to line 6 at least, and now ends with line 4/,
  );
  // What cannot be found: see docs/audit.md.
  assert((await verify(cut)).isIntact);
  const later = await verify(lines, { idSecret: SECRET, head: heads[3]! });
  assert(later.isIntact, "a log that went on since is none that was cut off");
  const forged = { ...heads[3]!, hash: "0".repeat(64) };
  assertEquals(
    problemsOf(await verify(lines, { idSecret: SECRET, head: forged })),
    ["replaced 4"],
  );
});

Deno.test("the first files may be gone: the check says with which line the log begins", async () => {
  const { lines } = logOf(6);
  const verdict = await verify(lines.slice(2));
  assertEquals([verdict.isIntact, verdict.firstSeq], [true, 3]);
});

Deno.test("with a secret nobody else can write the log anew, without one everybody can", async () => {
  const { lines } = logOf(3, "another secret");
  const verdict = await verify(lines);
  assertEquals(problemsOf(verdict), ["changed 1", "changed 2", "changed 3"]);
  assertEquals((await verify(logOf(3, null).lines)).problems, 3);
  // What cannot be found: see docs/audit.md.
  assert((await verify(logOf(3, null).lines, {})).isIntact);
});

Deno.test("many findings are counted, and the first hundred told", async () => {
  const { lines } = logOf(300, "another secret");
  const { findings, problems } = await verify(lines);
  assertEquals([findings.length, problems], [100, 300]);
});
