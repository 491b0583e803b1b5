/**
 * The package's modules that run as programs, and what npm needs to start them.
 *
 * @module
 */

import { putFirstLine } from "./source_map.ts";

/** Commands that the package installs, and the modules that run them; one that is not there yet is left out. */
const COMMANDS: Readonly<Record<string, string>> = {
  "hakgal-sessions": "cli/main.ts",
};

/** Modules that the package itself starts in processes of their own, so that no entry point imports them. */
const CHILD_PROGRAMS: readonly string[] = ["chaos/real/pod_main.ts"];

const EXECUTABLE = 0o755;
const SHEBANG = "#!/usr/bin/env node";

/** The commands whose module the checkout has. */
export async function commandsIn(root: string): Promise<Record<string, string>> {
  const found = await Promise.all(
    Object.entries(COMMANDS).map(async ([name, path]) =>
      await isFile(`${root}/${path}`) ? [[name, path] as const] : []
    ),
  );
  return Object.fromEntries(found.flat());
}

/** The modules that have to be in the package though no entry point imports them. */
export async function programsIn(root: string): Promise<string[]> {
  return [...CHILD_PROGRAMS, ...Object.values(await commandsIn(root))];
}

/** Makes a command's module one that a shell can start. */
export async function makeExecutable(path: string): Promise<void> {
  await putFirstLine(path, SHEBANG);
  await Deno.chmod(path, EXECUTABLE);
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
