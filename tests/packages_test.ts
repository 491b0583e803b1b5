// What users get: neither package holds anything that exists only to break the library or to test it.
import { fileURLToPath } from "node:url";
import { assert, assertEquals } from "@std/assert";
import { run } from "../scripts/servers/run.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const NOT_FOR_USERS =
  /\.patch$|(^|\/)mutants?[/._]|(^|\/)(tests?|bench|examples)\/|^scripts\/|_test\./;

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

async function npmFiles(): Promise<string[]> {
  const folder = await Deno.makeTempDir({ prefix: "hakgal-packages-test-" });
  try {
    const built = await run(
      [Deno.execPath(), "run", "-A", `${ROOT}scripts/build_npm.ts`, "--out", folder],
    );
    assertEquals(built.code, 0, built.stderr + built.stdout);
    const [tarball] = [...Deno.readDirSync(folder)].filter(({ name }) => name.endsWith(".tgz"));
    const listed = await run(["tar", "-tzf", `${folder}/${tarball!.name}`]);
    return listed.stdout.trim().split("\n").map((file) => file.replace(/^package\//, ""));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Files that a package must have, so that an empty list is no good one. */
const PLACES = ["mod", "core/commit", "adapters/redis/decide_lua", "chaos/checker"];

Deno.test("the package for JSR holds no mutants, patches, tests or scripts", async () => {
  const files = await publishedFiles();
  for (const place of PLACES) assert(files.includes(`${place}.ts`), `it lacks ${place}`);
  assertEquals(files.filter((file) => NOT_FOR_USERS.test(file)), []);
});

Deno.test("the package for npm holds no mutants, patches, tests or scripts", async () => {
  const files = await npmFiles();
  for (const place of PLACES) assert(files.includes(`${place}.js`), `it lacks ${place}`);
  assertEquals(files.filter((file) => NOT_FOR_USERS.test(file)), []);
});

Deno.test("no module of the packages knows what exists only for tests", async () => {
  const wrong: string[] = [];
  for (const file of (await publishedFiles()).filter((name) => name.endsWith(".ts"))) {
    const code = await Deno.readTextFile(`${ROOT}${file}`);
    if (/from "[^"]*\/(tests|scripts|bench)\//.test(code)) wrong.push(file);
  }
  assertEquals(wrong, []);
});
