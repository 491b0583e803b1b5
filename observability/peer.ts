/**
 * Loading a package that only its users install.
 *
 * @module
 */

import { ConfigError } from "../core/errors.ts";

/** Waits for a package; a missing one is a `ConfigError` that says how to add it. */
export async function loadPeer<Module>(name: string, load: () => Promise<Module>): Promise<Module> {
  try {
    return await load();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    const isMissing = code === "ERR_MODULE_NOT_FOUND" ||
      /cannot find (module|package)|not a dependency|could not (find|resolve)/i.test(message);
    if (!isMissing) throw error;
    throw new ConfigError(
      "observability",
      `The package ${name} is not installed. Add it: npm install ${name} / deno add npm:${name}`,
      { cause: error },
    );
  }
}
