import { assert, assertEquals } from "@std/assert";

const ROOT = new URL("../../", import.meta.url);

/** Files of the checker that nothing need import. */
const ROOTS = ["chaos/checker.ts", "chaos/history_reader.ts", "chaos/work_meter.ts"];
const FOLDERS = ["chaos/rules/", "chaos/linearizability/"];

Deno.test("the checker imports nothing of the library", async () => {
  const files = [...ROOTS];
  for (const folder of FOLDERS) {
    for await (const { name } of Deno.readDir(new URL(folder, ROOT))) files.push(folder + name);
  }
  const seen = new Set<string>();
  const queue = files.map((file) => new URL(file, ROOT));
  for (let url = queue.pop(); url !== undefined; url = queue.pop()) {
    if (seen.has(url.href)) continue;
    seen.add(url.href);
    for (const specifier of importsOf(await Deno.readTextFile(url))) {
      assert(specifier.startsWith("."), `${url.href} imports ${specifier}`);
      queue.push(new URL(specifier, url));
    }
  }
  const own = (href: string) =>
    FOLDERS.some((folder) => href.startsWith(ROOT.href + folder)) ||
    /^chaos\/(checker|contents|history|history_reader|model|observations|work_meter)\.ts$/
      .test(href.slice(ROOT.href.length));
  assertEquals([...seen].filter((href) => !own(href)), []);
});

/** What a file imports, in every form that imports have. */
function importsOf(source: string): string[] {
  const code = source.replaceAll(/^\s*(\/?\*|\/\/).*$/gm, "");
  const forms = /(?:\bfrom\s*|\bimport\s*\(?\s*)["']([^"']+)["']/g;
  return [...code.matchAll(forms)].map(([, specifier]) => specifier!);
}
