/**
 * `deno task test:packages`: installs the npm package as a stranger would, on every runtime, and tries it there with
 * every client, at both ends of the range that is promised.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { Command, Option } from "commander";
import { buildPackage } from "./npm/build.ts";
import { print, printError } from "./print.ts";
import { run } from "./servers/run.ts";
import { findServer, isMissing } from "./servers/provision.ts";
import { startServer } from "./servers/server.ts";
import { fetchRuntime, RUNTIME_NAMES, type RuntimeName } from "./test_packages/runtimes.ts";
import { toTable, writeTable } from "./test_packages/table.ts";
import { type Cell, tryRuntime } from "./test_packages/trial.ts";

const DOCUMENT = fileURLToPath(new URL("../docs/compatibility.md", import.meta.url));

interface Options {
  readonly runtime: readonly RuntimeName[];
  readonly write?: boolean;
}

new Command("deno task test:packages")
  .description(
    "Builds the npm package, installs it in empty folders on each runtime (fetched from npm) and runs " +
      "the conformance suite from there: on memory, SQLite, and a real Redis through each client, " +
      "oldest and newest. Takes about ten minutes. Ends with 1 when a cell of the table fails.",
  )
  .addOption(
    new Option("--runtime <names...>", "runtimes to try").choices(RUNTIME_NAMES)
      .default([...RUNTIME_NAMES]),
  )
  .option("--write", "put the table into docs/compatibility.md")
  .action(async (options: Options) => {
    try {
      Deno.exitCode = await testPackages(options) ? 0 : 1;
    } catch (error) {
      printError(error instanceof Error ? error.message : String(error));
      Deno.exitCode = 1;
    }
  })
  .parse(Deno.args, { from: "user" });

async function testPackages({ runtime: names, write }: Options): Promise<boolean> {
  const binary = await findServer("redis", { provision: true, onProgress: print });
  if (isMissing(binary)) throw new Error(`No server to test with: ${binary.missing}`);
  const folder = await Deno.makeTempDir({ prefix: "hakgal-packages-" });
  try {
    await using server = await startServer(binary);
    const { path: tarball } = await buildPackage(`${folder}/tarball`);
    print(`${tarball.split("/").at(-1)} on redis ${server.version}`);
    const cells: Cell[] = [];
    for (const name of names) {
      const runtime = await fetchRuntime(name, `${folder}/tools/${name}`);
      const trial = { runtime, tarball, folder: `${folder}/${name}`, redisUrl: server.url };
      for await (const cell of tryRuntime(trial)) {
        cells.push(cell);
        tell(cell);
      }
    }
    const table = toTable(cells);
    print(`\n${table}\n`);
    if (write) await writeDocument(table);
    const failed = cells.filter(({ isGood }) => !isGood).length;
    print(`${cells.length - failed} passed, ${failed} failed`);
    return failed === 0;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function tell({ row, runtime, isGood, text, details }: Cell): void {
  print(`${isGood ? "ok     " : "FAILED "} ${runtime}: ${row}: ${text}`);
  if (!isGood) print(details.map((line) => `        ${line}`).join("\n"));
}

async function writeDocument(table: string): Promise<void> {
  await writeTable(DOCUMENT, table);
  await run([Deno.execPath(), "fmt", "--quiet", DOCUMENT]);
}
