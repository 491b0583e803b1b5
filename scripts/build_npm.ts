/**
 * `deno task build:npm`: makes the package for npm, which Node and Bun install.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { finishPackage } from "./npm/package.ts";
import { print, printError } from "./print.ts";
import { run } from "./servers/run.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

new Command("deno task build:npm")
  .description("Makes the tarball that `npm publish` or `npm install` takes. Needs npm and tar.")
  .option("--out <dir>", "folder to put it in", "dist/npm")
  .action(async ({ out }: { out: string }) => {
    try {
      const { path, files, bytes } = await build(out);
      print(`${path}: ${files} files, ${Math.ceil(bytes / 1_024)} KiB`);
      print(`Try it elsewhere with: npm install ${path}`);
    } catch (error) {
      printError(error instanceof Error ? error.message : String(error));
      Deno.exitCode = 1;
    }
  })
  .parse(Deno.args, { from: "user" });

async function build(out: string): Promise<{ path: string; files: number; bytes: number }> {
  await Deno.mkdir(out, { recursive: true });
  const folder = await Deno.realPath(out);
  const work = await Deno.makeTempDir({ prefix: "hakgal-npm-" });
  try {
    // Source maps would hold the sources a second time.
    await mustRun([
      ...[Deno.execPath(), "pack", "--quiet", "--allow-dirty", "--no-source-maps"],
      ...["--output", `${work}/packed.tgz`],
    ], ROOT);
    await mustRun(["tar", "-xzf", "packed.tgz"], work);
    await finishPackage(`${work}/package`, ROOT);
    const said = await mustRun(
      ["npm", "pack", "--json", "--pack-destination", folder],
      `${work}/package`,
    );
    const [packed] = JSON.parse(said) as [{ filename: string; entryCount: number; size: number }];
    return { path: `${folder}/${packed.filename}`, files: packed.entryCount, bytes: packed.size };
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

async function mustRun(command: readonly string[], cwd: string): Promise<string> {
  const [program = "", action = ""] = command;
  let result;
  try {
    result = await run(command, { cwd, env: { NO_COLOR: "1" } });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Error(`The package is made with ${program}, which is not on PATH: install it.`, {
      cause: error,
    });
  }
  if (result.code !== 0) {
    throw new Error(`${program} ${action} failed:\n${result.stderr}${result.stdout}`.trimEnd());
  }
  return result.stdout;
}
