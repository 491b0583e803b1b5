/**
 * Making the tarball.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { run } from "../servers/run.ts";
import { finishPackage } from "./package.ts";
import { stage } from "./staging.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** A tarball that was made. */
export interface Built {
  readonly path: string;
  readonly files: number;
  readonly bytes: number;
}

/**
 * Makes the tarball of the checkout `root` in the folder `out`, which is made if need be. Throws, with what to do, when
 * it cannot be made.
 */
export async function buildPackage(out: string, root: string = ROOT): Promise<Built> {
  await Deno.mkdir(out, { recursive: true });
  const folder = await Deno.realPath(out);
  const work = await Deno.makeTempDir({ prefix: "hakgal-npm-" });
  try {
    const staged = `${work}/staged`;
    await Deno.mkdir(staged);
    await stage(root, staged);
    await mustRun(
      [Deno.execPath(), "pack", "--quiet", "--allow-dirty", "--output", `${work}/packed.tgz`],
      staged,
    );
    await mustRun(["tar", "-xzf", "packed.tgz"], work);
    await finishPackage(`${work}/package`, root);
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
