import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  arbitraryCase,
  CaseError,
  type ChaosCase,
  faultKindsOf,
  readCase,
  writeCase,
} from "../../chaos/mod.ts";

const [CASE] = fc.sample(
  arbitraryCase({ faults: ["reply-cut"], profile: "single", time: "virtual" }),
  { numRuns: 1, seed: 1 },
) as [ChaosCase];

Deno.test("a case that is written and read again is the same", () => {
  for (const time of ["virtual", "real"] as const) {
    const arbitrary = arbitraryCase({ faults: faultKindsOf("memory"), time });
    for (const chaosCase of fc.sample(arbitrary, { numRuns: 50, seed: 2 })) {
      assertEquals(readCase(writeCase(chaosCase)), chaosCase);
    }
  }
});

/** The case's text with parts of it changed. */
function changed(change: (value: Record<string, never>) => void): string {
  const value = JSON.parse(writeCase({ ...CASE, faults: [FAULT] }));
  change(value);
  return JSON.stringify(value);
}

const FAULT = { kind: "reply-cut", pod: 0, at: 1, phase: "p2", length: 1, span: 0.5 } as const;

Deno.test("what is wrong with a case is said in a sentence that names the place", () => {
  const set = (path: string, value: unknown) =>
    changed((whole) => {
      const names = path.split(".");
      const last = names.pop()!;
      let place = whole as Record<string, unknown>;
      for (const name of names) place = place[name] as Record<string, unknown>;
      place[last] = value;
    });
  const wrong: readonly (readonly [text: string, message: RegExp])[] = [
    ["{", /^The case is no JSON\./],
    ["[]", /^The case is not a record: \[\]\./],
    [set("version", 2), /^The case: "version" is 2; it has to be 1/],
    [set("version", undefined), /^The case: "version" is missing/],
    [set("pods", 0), /^The case: "pods" is 0; it has to be a number from 1 to 16\./],
    [set("seed", 1.5), /^The case: "seed" is 1\.5; it has to be a whole number/],
    [set("ops", {}), /^The case: "ops" is \{\}; it has to be a list\./],
    [set("helAt", 1), /^The case has no field "helAt"\. Did you mean "healAt"\?/],
    [set("faults.0.kind", "repli-cut"), /faults\[0\]: .* no "repli-cut"\. .* "reply-cut"\?/],
    [set("faults.0.span", 2), /faults\[0\]: "span" is 2; it has to be a number from 0 to 1\./],
    [set("ops.0.kind", "incremnt"), /ops\[0\]: .* Did you mean "increment"\?/],
    [set("ops.0.fresh", "no"), /ops\[0\]: "fresh" is "no"; it has to be true or false\./],
    [set("settings.failMode", "ajar"), /^The case: "settings": "failMode" knows no "ajar"\./],
    [set("settings.ttl", 1), /"settings" has no field "ttl"\. Did you mean "ttlMs"\?/],
  ];
  for (const [text, message] of wrong) {
    const error = assertThrows(() => readCase(text), CaseError);
    assert(message.test(error.message), `${error.message} is not ${message}`);
  }
});
