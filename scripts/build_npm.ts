/**
 * `deno task build:npm`: makes the package for npm, which Node and Bun install.
 *
 * @module
 */

import { Command } from "commander";
import { buildPackage } from "./npm/build.ts";
import { print, printError } from "./print.ts";

new Command("deno task build:npm")
  .description("Makes the tarball that `npm publish` or `npm install` takes. Needs npm and tar.")
  .option("--out <dir>", "folder to put it in", "dist/npm")
  .action(async ({ out }: { out: string }) => {
    try {
      const { path, files, bytes } = await buildPackage(out);
      print(`${path}: ${files} files, ${Math.ceil(bytes / 1_024)} KiB`);
      print(`Try it elsewhere with: npm install ${path}`);
    } catch (error) {
      printError(error instanceof Error ? error.message : String(error));
      Deno.exitCode = 1;
    }
  })
  .parse(Deno.args, { from: "user" });
