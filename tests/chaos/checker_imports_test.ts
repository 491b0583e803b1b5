import { assertEquals } from "@std/assert";

Deno.test("the checker imports nothing of the library", async () => {
  const root = new URL("../../", import.meta.url);
  const seen = new Set<string>();
  const queue = [new URL("chaos/checker.ts", root)];
  for (let url = queue.pop(); url !== undefined; url = queue.pop()) {
    if (seen.has(url.href)) continue;
    seen.add(url.href);
    const source = await Deno.readTextFile(url);
    for (const [, specifier] of source.matchAll(/^(?!\s*[/*]).*from "([^"]+)"/gm)) {
      queue.push(new URL(specifier!, url));
    }
  }
  const foreign = [...seen].filter((href) => !href.startsWith(`${root.href}chaos/`));
  assertEquals(foreign, []);
  assertEquals([...seen].some((href) => /public|conformance|mod\.ts/.test(href)), false);
});
