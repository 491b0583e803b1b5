/**
 * What is kept of a failed case beside its history: logs, and what the store has on disk.
 *
 * @module
 */

/** One file of it. */
export interface EvidenceFile {
  /** Its name, without a folder. */
  readonly name: string;
  /** What it is, in a few words. */
  readonly about: string;
  /** What is in it. */
  readonly bytes: Uint8Array;
}

/** Bytes that are kept of one file, at most: its end, where it has more. */
export const MOST_BYTES_A_FILE: number = 4 * 1_024 * 1_024;
/** Bytes that are kept of one case, at most. */
export const MOST_BYTES_A_CASE: number = 24 * 1_024 * 1_024;
const CONTENTS = "contents.txt";

/** The files of a case as they are kept: as many as its bound allows, and one that tells what they are. */
export function boundedEvidence(files: readonly EvidenceFile[]): EvidenceFile[] {
  let leftBytes = MOST_BYTES_A_CASE;
  const kept: EvidenceFile[] = [];
  const lines: string[] = [];
  for (const file of files) {
    const { name, about, bytes } = file;
    const fits = bytes.length <= leftBytes;
    if (fits) {
      leftBytes -= bytes.length;
      kept.push(file);
    }
    lines.push(`${name}: ${about}, ${fits ? `${bytes.length} bytes` : "left out: too large"}`);
  }
  return [{ name: CONTENTS, about: "what is here", bytes: textBytes(lines) }, ...kept];
}

/** Lines as a file's bytes. */
export function textBytes(lines: readonly string[]): Uint8Array {
  return new TextEncoder().encode(lines.map((line) => `${line}\n`).join(""));
}
