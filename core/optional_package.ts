/**
 * Loading a package that only those install who have chosen what needs it.
 *
 * @module
 */

import { ConfigError } from "./errors.ts";

/**
 * Waits for a package; a missing one is a `ConfigError` that says how to add it, and names the option by which it was
 * chosen.
 */
export async function loadOptional<Module>(
  name: string,
  option: string,
  load: () => Promise<Module>,
): Promise<Module> {
  try {
    return await load();
  } catch (error) {
    if (!isMissing(error)) throw error;
    throw new ConfigError(
      option,
      `The package ${name} is not installed. Add it: npm install ${name} / deno add npm:${name}`,
      { cause: error },
    );
  }
}

/** Runtimes say it each in their own way. */
function isMissing(error: unknown): boolean {
  const message = error instanceof Error ? error.message : String(error);
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "ERR_MODULE_NOT_FOUND" ||
    /cannot find (module|package)|not a dependency|could not (find|resolve)/i.test(message);
}
