/**
 * Reads files of a store that goes on, up to a bound.
 *
 * @module
 */

import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { type EvidenceFile, MOST_BYTES_A_FILE } from "../evidence.ts";

/** A file's last bytes; undefined when it cannot be read: it may just be made anew. */
export async function readTail(
  path: string,
  mostBytes: number = MOST_BYTES_A_FILE,
): Promise<Uint8Array | undefined> {
  try {
    const file = await open(path);
    try {
      const { size } = await file.stat();
      const bytes = new Uint8Array(Math.min(size, mostBytes));
      const { bytesRead } = await file.read(bytes, 0, bytes.length, size - bytes.length);
      return bytes.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch {
    return undefined;
  }
}

/** One file of evidence; none when it cannot be read. */
export async function tailOf(path: string, name: string, about: string): Promise<EvidenceFile[]> {
  const bytes = await readTail(path);
  return bytes === undefined ? [] : [{ name, about, bytes }];
}

/** Every file in a folder and its folders, named after the way to it; none when there is no such folder. */
export async function filesIn(
  folder: string,
  prefix: string,
  about: string,
): Promise<EvidenceFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => {
    const path = join(parentPath, name);
    return tailOf(path, `${prefix}${path.slice(folder.length + 1).replaceAll("/", ".")}`, about);
  });
  return (await Promise.all(files)).flat();
}
