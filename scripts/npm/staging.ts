/**
 * The copy of the published files that `deno pack` works on: with more entry points than users see.
 *
 * @module
 */

import { programsIn } from "./programs.ts";

/** The only parts of deno.json that are read. */
interface DenoConfig {
  readonly exports: Readonly<Record<string, string>>;
  readonly publish: { readonly include: readonly string[] };
}

/** Begins the names of the entry points that are not for users. */
const INTERNAL = "./internal/";

/** Copies what is published from the checkout `root` to `folder`. */
export async function stage(root: string, folder: string): Promise<void> {
  const config: DenoConfig = JSON.parse(await Deno.readTextFile(`${root}/deno.json`));
  for (const name of config.publish.include) await copy(`${root}/${name}`, `${folder}/${name}`);
  await copy(`${root}/deno.lock`, `${folder}/deno.lock`);
  const programs = (await programsIn(root)).map((path) => [INTERNAL + path, `./${path}`]);
  const exports = { ...config.exports, ...Object.fromEntries(programs) };
  await Deno.writeTextFile(`${folder}/deno.json`, JSON.stringify({ ...config, exports }));
}

/** Whether an entry point was added by {@linkcode stage}. */
export function isInternal(entry: string): boolean {
  return entry.startsWith(INTERNAL);
}

async function copy(from: string, to: string): Promise<void> {
  if (!(await Deno.stat(from)).isDirectory) return await Deno.copyFile(from, to);
  await Deno.mkdir(to);
  for await (const { name } of Deno.readDir(from)) await copy(`${from}/${name}`, `${to}/${name}`);
}
