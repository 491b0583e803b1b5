/**
 * `deno task bench:report`: makes the tables and plots of docs/performance.md and docs/scale.md from a file of results.
 *
 * @module
 */

import { Command } from "commander";
import { fillIn, markedParts } from "../bench/report/markers.ts";
import { MACHINES, otherMachines } from "../bench/report/machines.ts";
import { parts } from "../bench/report/markdown.ts";
import { drawPlots } from "../bench/report/plots.ts";
import { fromText } from "../bench/results.ts";
import { print, printError } from "./print.ts";
import { run } from "./servers/run.ts";

const DOCUMENTS = ["docs/performance.md", "docs/scale.md"];
const IMAGES = "docs/images";

new Command("deno task bench:report")
  .description(
    "Makes the tables and plots of the documents from a file that deno task bench --json wrote.",
  )
  .argument("[file]", "the results", "bench/bench.json")
  .action(async (path: string) => {
    try {
      await report(path);
    } catch (error) {
      printError(error instanceof Error ? error.message : String(error));
      Deno.exitCode = 2;
    }
  })
  .parse(Deno.args, { from: "user" });

async function report(path: string): Promise<void> {
  const results = fromText(await readText(path), path);
  const plots = drawPlots(results);
  for (const { file, svg } of plots) await Deno.writeTextFile(`${IMAGES}/${file}`, svg);
  const contents = parts(results, plots, await otherMachines());
  for (const document of DOCUMENTS) {
    let text = await Deno.readTextFile(document);
    for (const name of markedParts(text)) {
      const content = contents[name];
      if (content === undefined) throw new Error(`${document}: there is no part "${name}".`);
      text = fillIn(text, name, content);
    }
    await Deno.writeTextFile(document, text);
  }
  await format([...DOCUMENTS, path, ...plots.map(({ file }) => `${IMAGES}/${file}`)]);
  print(
    `${
      DOCUMENTS.join(", ")
    } and ${plots.length} plots in ${IMAGES} are of ${path}, and of the runs in ${MACHINES}.`,
  );
}

/** As `deno task check` wants them. */
async function format(files: readonly string[]): Promise<void> {
  const { code, stderr } = await run([Deno.execPath(), "fmt", "--quiet", ...files]);
  if (code !== 0) throw new Error(`deno fmt failed: ${stderr}`);
}

async function readText(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Error(`There is no ${path}: measure with deno task bench --peers --json ${path}`, {
      cause: error,
    });
  }
}
