import { assert, assertEquals, assertMatch } from "@std/assert";

const ROOT = new URL("../../", import.meta.url);

Deno.test("every mutant says what it breaks, and still applies to the tree", async () => {
  const guarantees = new Set<string>();
  for await (const { name } of Deno.readDir(new URL("tests/mutants/", ROOT))) {
    const text = await Deno.readTextFile(new URL(`tests/mutants/${name}`, ROOT));
    assertMatch(text, /^# guarantee: G\d+\n# backend: [a-z-]+\n# \S/);
    guarantees.add(/G\d+/.exec(text)![0]);
    const { success, stderr } = await new Deno.Command("git", {
      args: ["apply", "--check", `tests/mutants/${name}`],
      cwd: ROOT,
    }).output();
    assert(success, `${name} no longer applies: ${new TextDecoder().decode(stderr)}`);
  }
  const wanted = ["G1", "G2", "G3", "G4", "G5", "G6", "G7"];
  assertEquals(wanted.filter((guarantee) => !guarantees.has(guarantee)), []);
});
