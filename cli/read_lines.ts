/**
 * The lines of a file, whatever its length.
 *
 * @module
 */

import { createReadStream } from "node:fs";
import { UsageError } from "./usage_error.ts";

/**
 * Lines without their ends. Only a line feed ends one: `node:readline` would split JSON at U+2028 too.
 *
 * @throws UsageError when the file cannot be read
 */
export async function* readLines(path: string): AsyncGenerator<string> {
  let rest = "";
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  try {
    for await (const chunk of createReadStream(path)) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = lines.pop()!;
      yield* lines;
    }
  } catch (cause) {
    const reason = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
    throw new UsageError(`${path} cannot be read (${reason}): name a file of an audit log.`, {
      cause,
    });
  }
  rest += decoder.decode();
  if (rest !== "") yield rest;
}
