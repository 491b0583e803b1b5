/**
 * Where a SQLite store lies.
 *
 * @module
 */

import { existsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { ConfigError } from "../../core/errors.ts";

/** The path of `location`: a path, a `file:` URL (relative ones as SQLite reads them) or `:memory:`. */
export function resolvePath(location: string | URL): string {
  const text = String(location);
  if (text === "") throw new ConfigError("url", "Name the file of the SQLite store.");
  if (!text.startsWith("file:")) return text;
  if (/[?#]/.test(text)) {
    throw new ConfigError("url", `The file URL ${text} must have no parameters and no fragment.`);
  }
  try {
    return text.startsWith("file:/")
      ? fileURLToPath(new URL(text))
      : decodeURIComponent(text.slice("file:".length));
  } catch (cause) {
    throw new ConfigError("url", `${text} is not a file URL of this machine.`, { cause });
  }
}

/** Why there is no file to open at `path`, as far as the configuration is to blame. */
export function misplaced(path: string, cause: unknown): ConfigError | undefined {
  const directory = dirname(path);
  if (!existsSync(directory)) {
    return new ConfigError("url", `The directory ${directory} does not exist: create it first.`, {
      cause,
    });
  }
  if (existsSync(path) && statSync(path).isDirectory()) {
    return new ConfigError("url", `${path} is a directory: name a file.`, { cause });
  }
  return undefined;
}
