// What users get from JSR: nothing that exists only to break the library or to test it.
import { fileURLToPath } from "node:url";
import { assertEquals } from "@std/assert";
import { run } from "../scripts/servers/run.ts";
import { checkForUsersAlone } from "./support/packages.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Paths as they are in the package. */
async function publishedFiles(): Promise<string[]> {
  const { code, stdout, stderr } = await run(
    [Deno.execPath(), "publish", "--dry-run", "--allow-dirty", "--no-check"],
    { cwd: ROOT, env: { NO_COLOR: "1" } },
  );
  assertEquals(code, 0, stderr + stdout);
  const root = new URL("..", import.meta.url).href;
  return (stderr + stdout).split("\n").flatMap((line) => {
    const [, url] = /^\s+(file:\/\/\S+) \(/.exec(line) ?? [];
    return url === undefined ? [] : [url.slice(root.length)];
  });
}

const read = (file: string) => Deno.readTextFile(ROOT + file);

Deno.test("the package for JSR holds no mutants, armed failpoints, patches, tests or scripts", async () => {
  await checkForUsersAlone(await publishedFiles(), "ts", read);
});

Deno.test("no module of the packages knows what exists only for tests", async () => {
  const wrong: string[] = [];
  for (const file of (await publishedFiles()).filter((name) => name.endsWith(".ts"))) {
    if (/from "[^"]*\/(tests|scripts|bench)\//.test(await read(file))) wrong.push(file);
  }
  assertEquals(wrong, []);
});
