/**
 * Histories in files.
 *
 * @module
 */

import { createReadStream } from "node:fs";
import { HistoryReader, type ReadHistory } from "./history_reader.ts";

/**
 * Reads a file that has what `writeHistory` writes, as a stream: it may be larger than a string may be. Rejects with
 * {@linkcode HistoryFormatError} if it is no history, and with the system's error if it cannot be read.
 */
export async function readHistoryFile(path: string | URL): Promise<ReadHistory> {
  const reader = new HistoryReader();
  for await (const line of linesOfFile(path)) reader.push(line);
  return reader.end();
}

async function* linesOfFile(path: string | URL): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of createReadStream(path, { encoding: "utf8", highWaterMark: 1 << 20 })) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
  if (rest !== "") yield rest;
}
